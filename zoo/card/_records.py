"""The records that a card reads, each of its own class, or None where the build has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from zoo.records import (
    LATER_RECORDS,
    RECORDS,
    AdaptRecord,
    BenchRecord,
    BudgetRecord,
    CalibrateRecord,
    ConvertRecord,
    DataRecord,
    DropinRecord,
    FairnessRecord,
    FetchRecord,
    GatesRecord,
    ImportRecord,
    InspectRecord,
    LocateRecord,
    QualityRecord,
    StageRecord,
    TrainRecord,
    WorksInRecord,
)


@dataclass(frozen=True)
class CardRecords:
    """Records by name; `importing` is the record named `import`."""

    fetch: FetchRecord | None = None
    data: DataRecord | None = None
    locate: LocateRecord | None = None
    importing: ImportRecord | None = None
    adapt: AdaptRecord | None = None
    budget: BudgetRecord | None = None
    train: TrainRecord | None = None
    calibrate: CalibrateRecord | None = None
    convert: ConvertRecord | None = None
    inspect: InspectRecord | None = None
    bench: BenchRecord | None = None
    quality: QualityRecord | None = None
    fairness: FairnessRecord | None = None
    dropin: DropinRecord | None = None
    works_in: WorksInRecord | None = None
    gates: GatesRecord | None = None

    @classmethod
    def of(cls, records: Mapping[str, StageRecord]) -> CardRecords:
        """Sort records into their fields. Raises TypeError where one is not of the class of its name."""
        known = {field.name for field in fields(cls)}
        given: dict[str, StageRecord] = {}
        for name, record in records.items():
            kind = (RECORDS | LATER_RECORDS).get(name)
            if kind and not isinstance(record, kind):
                raise TypeError(f"record '{name}' is a {type(record).__name__}, not a {kind.__name__}")
            field = "importing" if name == "import" else name
            if field in known:
                given[field] = record
        return cls(**given)  # type: ignore[arg-type]  # checked above

    def present(self) -> list[tuple[str, StageRecord]]:
        """Those that are there, by the name of their file, in the order of the stages."""
        found = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [("import" if name == "importing" else name, record) for name, record in found if record is not None]
