"""All records by name."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from zoo.records._base import StageRecord
from zoo.records._fairness import FairnessRecord
from zoo.records._gates import GatesRecord
from zoo.records._making import (
    AdaptRecord,
    BudgetRecord,
    CalibrateRecord,
    ConvertRecord,
    DataRecord,
    FetchRecord,
    ImportRecord,
    LocateRecord,
    TrainRecord,
)
from zoo.records._measuring import BenchRecord, DropinRecord, InspectRecord, QualityRecord, WorksInRecord

RECORDS: dict[str, type[StageRecord]] = {
    "fetch": FetchRecord,
    "data": DataRecord,
    "locate": LocateRecord,
    "import": ImportRecord,
    "adapt": AdaptRecord,
    "budget": BudgetRecord,
    "train": TrainRecord,
    "calibrate": CalibrateRecord,
    "convert": ConvertRecord,
    "inspect": InspectRecord,
    "bench": BenchRecord,
    "quality": QualityRecord,
    "fairness": FairnessRecord,
    "dropin": DropinRecord,
    "gates": GatesRecord,
}
"""Every record of a build by the name of its file, `records/NAME.json`."""

LATER_RECORDS: dict[str, type[StageRecord]] = {"works_in": WorksInRecord}
"""Those that a command adds to a built model; the next build drops them where its files are others."""


@cache
def schema_digest(kind: type[StageRecord]) -> str:
    """SHA-256 over what a record may hold: fields, types and limits, without the words that describe them."""
    schema = _without_words(kind.model_json_schema())
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


def _without_words(schema: Any) -> Any:
    """A JSON schema without titles and descriptions; a field of such a name is an object there, and stays."""
    if isinstance(schema, list):
        return [_without_words(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_words(part)
        for key, part in schema.items()
        if not (key in {"title", "description"} and isinstance(part, str))
    }
