"""The YAML at the head of README.md, by which the hub sorts, licences and compares models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zoo.card._format import integer, plain
from zoo.card._names import file_label, metric_label
from zoo.card._records import CardRecords
from zoo.records import QualityRecord
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

LIBRARY = "litert"
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
HUB_LICENCES = frozenset(
    {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "mpl-2.0", "unlicense", "epl-2.0", "openrail"}
    | {"cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"}
    | {"gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0"}
)
"""Licence identifiers that the hub takes as they are; any other is `other` with a name.

Source: https://huggingface.co/docs/hub/repositories-licenses
"""


def front_matter(spec: ModelSpec, records: CardRecords) -> str:
    """The YAML between the dashes, checked by the hub client's own classes."""
    from huggingface_hub import ModelCardData

    pipeline_tag, _ = PIPELINE_TAGS[spec.task]
    results = _results(spec, records)
    fields: dict[str, Any] = {
        "license": spec.licence.lower(),
        "library_name": LIBRARY,
        "pipeline_tag": pipeline_tag,
        "tags": [plain(tag) for tag in spec.card.tags],
        "base_model": _base_model(spec),
        "metrics": sorted({result.metric_type for result in results}) or None,
        "model_name": spec.name,
        "eval_results": results or None,
    }
    if spec.licence.lower() not in HUB_LICENCES:
        fields |= {"license": "other", "license_name": _slug(spec.licence)}
    text: str = ModelCardData(**fields).to_yaml(line_break="\n")
    return text


def _base_model(spec: ModelSpec) -> str | None:
    """The hub repository that the student starts from; None where its weights come from elsewhere."""
    hub = spec.references[spec.student.start].hub  # type: ignore[index]  # the spec holds that it is there
    return hub.repo if hub else None


def _results(spec: ModelSpec, records: CardRecords) -> list[EvalResult]:
    from huggingface_hub import EvalResult

    quality = records.quality
    if quality is None:
        return []
    task_type, task_name = PIPELINE_TAGS[spec.task]
    name = _data_name(records)
    return [
        EvalResult(
            task_type=task_type,
            task_name=task_name,
            dataset_type=_slug(name),
            dataset_name=name,
            dataset_split="evaluation",
            metric_type=METRIC_TYPES.get(metric, metric),
            metric_name=_metric_name(quality, variant.name, metric, one.n),
            metric_value=one.value,
        )
        for variant in quality.variants
        if variant.name not in {*spec.references, "twin"}
        for metric, one in variant.metrics.items()
    ]


def _metric_name(quality: QualityRecord, variant: str, metric: str, n: int) -> str:
    against = file_label(quality.reference).lower()
    return f"{metric_label(metric)} of {variant} against {against} (n = {integer(n)})"


def _data_name(records: CardRecords) -> str:
    if records.data is None:
        return "pictures without a record"
    name = plain(records.data.name)
    return f"{name} (sample data, not for release)" if records.data.sample else name


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", plain(text).lower()).strip("-.")[:80] or "unnamed"
