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
    "landmark_error": "Landmark error (in object sizes)",
    "pck": "Points within 5% of the reference's",
    "presence_agreement": "Agreement on presence",
    "handedness_agreement": "Agreement on handedness",
    "world_error": "World landmark error (m)",
    "mask_iou": "Mask overlap (IoU)",
    "ap": "Average precision (COCO)",
    "ap50": "Average precision at IoU 0.5",
    "oks_ap": "Average precision by key points (OKS)",
    "oks_ap50": "The same at OKS 0.5",
    "oks_ap75": "The same at OKS 0.75",
    "pck10": "Points within 10% of the object's size",
    "pdj20": "Points within 20% of the torso (PDJ)",
    "mean_error": "Mean error of points (in object sizes)",
    "pck5": "Points within 5% of the object's size",
    "pck20": "Points within 20% of the object's size",
    "pck_area": "Area below the PCK curve",
    "found": "Found at all",
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
