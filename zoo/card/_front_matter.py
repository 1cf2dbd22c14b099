"""The YAML at the head of README.md, by which the hub sorts, licences and compares models."""

from __future__ import annotations

from typing import Any

from zoo.card._format import plain
from zoo.card._hub_results import PIPELINE_TAGS, eval_results, hub_data_sets, slug
from zoo.card._records import CardRecords
from zoo.spec import ModelSpec

LIBRARY = "litert"
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
    results = eval_results(spec, records)
    fields: dict[str, Any] = {
        "license": spec.licence.lower(),
        "library_name": LIBRARY,
        "pipeline_tag": pipeline_tag,
        "tags": [plain(tag) for tag in spec.card.tags],
        "base_model": _base_model(spec),
        "datasets": hub_data_sets(records) or None,
        "metrics": sorted({result.metric_type for result in results}) or None,
        "model_name": spec.name,
        "eval_results": results or None,
    }
    if spec.licence.lower() not in HUB_LICENCES:
        fields |= {"license": "other", "license_name": slug(spec.licence)}
    text: str = ModelCardData(**fields).to_yaml(line_break="\n")
    return text


def _base_model(spec: ModelSpec) -> str | None:
    """The hub repository that the student starts from; None where its weights come from elsewhere."""
    hub = spec.references[spec.student.start].hub  # type: ignore[index]  # the spec holds that it is there
    return hub.repo if hub else None
