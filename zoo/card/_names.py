"""What the card calls the files, metrics and targets that records know by short names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from zoo.card._format import plain

FILES = {
    "published_dense": "Published dense",
    "published_sparse": "Published sparse",
    "dense": "This release, dense",
    "sparse": "This release, sparse",
    "twin": "Densified twin of sparse",
}
METRICS = {
    "f_score": "F-score",
    "precision": "Precision",
    "recall": "Recall",
    "mean_iou": "Mean overlap (IoU)",
    "keypoint_error": "Key point error",
    "labelled_recall": "Recall of labelled faces",
    "landmark_error": "Landmark error, of the object's size",
    "pck": "Points within 5% of the object's size",
    "presence_agreement": "Agreement on presence",
    "handedness_agreement": "Agreement on handedness",
    "world_error": "World landmark error, m",
    "mask_iou": "Mask overlap (IoU)",
}
STEPS = {"pretrain": "Pre-train", "prune": "Prune", "finetune": "Fine-tune"}

T = TypeVar("T")


def file_label(name: str) -> str:
    """`sparse-85` becomes `This release, sparse-85`; a name of ours or a reference's gets its own words."""
    return FILES.get(name, f"This release, {plain(name)}")


def metric_label(name: str) -> str:
    """A metric in words; one that is not known here keeps its name, with spaces."""
    return METRICS.get(name, plain(name).replace("_", " "))


def step_label(name: str) -> str:
    """A training step in words."""
    return STEPS.get(name, plain(name))


def in_order(items: Iterable[T], name: Callable[[T], str]) -> list[T]:
    """Items in the card's order of files: published ones, ours, the twin; others of ours before the twin."""
    names = [known for known in FILES if known != "twin"]

    def place(item: T) -> tuple[int, str]:
        known = name(item)
        if known == "twin":
            return len(names) + 1, known
        return (names.index(known) if known in names else len(names)), known

    return sorted(items, key=place)
