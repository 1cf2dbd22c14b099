"""Evaluation results as the hub reads them: `model-index` for all, `.eval_results/` for data sets of the hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml

from zoo.card._format import integer, plain
from zoo.card._names import file_label, metric_label
from zoo.card._records import CardRecords
from zoo.records import Estimate, LabelledQuality, QualityRecord, VariantQuality
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

PIPELINE_TAGS = {
    "face_detection": ("object-detection", "Face detection"),
    "pose_detection": ("object-detection", "Person detection"),
    "palm_detection": ("object-detection", "Palm detection"),
    "hand_landmark": ("keypoint-detection", "Hand landmarks"),
    "pose_landmark": ("keypoint-detection", "Pose landmarks"),
}
"""The hub's task for each task of ours, and the name shown."""
METRIC_TYPES = {"f_score": "f1", "mean_iou": "mean_iou", "precision": "precision", "recall": "recall"}
"""Identifiers that the hub knows for our metrics."""
ENTRIES_PATH = ".eval_results/labels.yaml"
"""Below the card's folder. One variant to a file, as the hub wants it: that of the release."""
_OF_HUB = re.compile(r"([A-Za-z0-9][\w.-]*?)--([A-Za-z0-9][\w.-]*)--([0-9a-f]{40})", re.ASCII)
"""How the folder of a data set from the hub is called: organisation, name and commit."""


def hub_data_set(place: str) -> tuple[str, str] | None:
    """Identifier and commit of a data set that was read from the hub; None for a folder of one's own."""
    match = _OF_HUB.fullmatch(place)
    return (f"{match[1]}/{match[2]}", match[3]) if match else None


def hub_data_sets(records: CardRecords) -> list[str]:
    """Identifiers of all data sets of the hub that labels came from, each once."""
    found = [hub_data_set(labels.place) for labels in records.quality.labels] if records.quality else []
    return sorted({one[0] for one in found if one is not None})


def eval_results(spec: ModelSpec, records: CardRecords) -> list[EvalResult]:
    """Every metric of every file of the release: agreement with the reference, then against each set of labels."""
    quality = records.quality
    if quality is None:
        return []
    name = _data_name(records)
    against = file_label(quality.reference).lower()
    found = []
    for variant in _ours(spec, quality):
        found += _of(spec, variant.name, variant.metrics, against=against, name=name, place=None)
    for labels in quality.labels:
        for variant in _ours(spec, labels):
            about = plain(f"{labels.place}/{labels.file}")
            found += _of(spec, variant.name, variant.metrics, against="labels", name=about, place=labels.place)
    return found


def _ours(spec: ModelSpec, record: QualityRecord | LabelledQuality) -> list[VariantQuality]:
    return [variant for variant in record.variants if variant.name not in {*spec.references, "twin"}]


def _of(
    spec: ModelSpec, variant: str, metrics: Mapping[str, Estimate], *, against: str, name: str, place: str | None
) -> list[EvalResult]:
    from huggingface_hub import EvalResult

    task_type, task_name = PIPELINE_TAGS[spec.task]
    identifier, revision = (hub_data_set(place) if place else None) or (slug(name), None)
    return [
        EvalResult(
            task_type=task_type,
            task_name=task_name,
            dataset_type=identifier,
            dataset_name=name,
            dataset_split="evaluation",
            dataset_revision=revision,
            metric_type=METRIC_TYPES.get(metric, plain(metric)),
            metric_name=f"{metric_label(metric)} of {plain(variant)} against {against} (n = {integer(one.n)})",
            metric_value=one.value,
        )
        for metric, one in metrics.items()
    ]


def eval_entries(records: CardRecords) -> str | None:
    """The YAML of `.eval_results/` for the sparse file on labels of the hub; None where there are none.

    Each metric stands as a task of its name. The hub shows an entry where its data set is registered there as a
    benchmark with such a task, and passes over any other.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    quality = records.quality
    if quality is None or (records.data is not None and records.data.sample):
        return None
    date = quality.provenance.started_at.isoformat()
    entries = [
        EvalResultEntry(
            dataset_id=data_set[0],
            task_id=metric,
            dataset_revision=data_set[1],
            value=one.value,
            date=date,
            notes=f"{metric_label(metric)}, n = {integer(one.n)}, pictures that training did not see",
        )
        for labels in quality.labels
        if (data_set := hub_data_set(labels.place))
        for variant in labels.variants
        if variant.name == "sparse"
        for metric, one in variant.metrics.items()
    ]
    return yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False) if entries else None


def _data_name(records: CardRecords) -> str:
    if records.data is None:
        return "pictures without a record"
    name = plain(records.data.name)
    return f"{name} (sample data, not for release)" if records.data.sample else name


def slug(text: str) -> str:
    """Text as an identifier of the hub: small letters, digits, dots and dashes, at most 80, never empty."""
    return re.sub(r"[^a-z0-9.]+", "-", plain(text).lower()).strip("-.")[:80] or "unnamed"
