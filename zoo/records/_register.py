"""All records by name."""

from __future__ import annotations

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
"""Those that a command adds to a built model; the next build drops them, for they are of the files before it."""
