"""Records: the JSON that stages write about what they measured. Cards and gates read these and measure nothing.

Classes of pydantic are imported on first use, so that `zoo inspect`, which makes only parts of a record, does not wait
for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoo.records._file import FileRef
from zoo.records._inspected import (
    EngagementVerdict,
    GainPrediction,
    InspectedFile,
    InspectedLayer,
    LayoutLevel,
    Remedy,
    RuleBreak,
    SparseLayout,
)

if TYPE_CHECKING:
    from zoo.records._base import Estimate, Interval, Machine, Provenance, StageRecord
    from zoo.records._fairness import Fairness, FairnessColumn, FairnessGroup, FairnessRecord
    from zoo.records._gates import GateCounts, GateResult, GatesRecord, Verdict, count_gates, is_judged
    from zoo.records._ladder import (
        Combination,
        CombinationsRecord,
        LadderFile,
        LadderRecord,
        PublishedLine,
        TimedTogether,
    )
    from zoo.records._making import (
        AdaptRecord,
        AppliedRewrite,
        Artifact,
        BudgetedKernel,
        BudgetedVariant,
        BudgetRecord,
        CalibrateRecord,
        Calibration,
        ConvertRecord,
        CurvePoint,
        DataRecord,
        FetchedReference,
        FetchRecord,
        ImportRecord,
        LocateRecord,
        SkippedPicture,
        Split,
        TrainedStep,
        TrainRecord,
    )
    from zoo.records._measuring import (
        QUALITY_METRICS,
        BenchRecord,
        BenchSize,
        ColdStart,
        DropinCell,
        DropinRecord,
        FailedTarget,
        InspectRecord,
        KernelCount,
        LabelledAt,
        LabelledQuality,
        LatencyRatio,
        ModelTiming,
        NoiseCheck,
        OperatingPoint,
        OperatingPoints,
        OutputParity,
        PairedDifference,
        PckCurve,
        QualityRecord,
        TargetResult,
        VariantQuality,
        WorksInRecord,
        better_of,
    )
    from zoo.records._register import LATER_RECORDS, RECORDS, schema_digest
    from zoo.records._release import GateOverride, ReleaseChanges

__all__ = [
    "LATER_RECORDS",
    "QUALITY_METRICS",
    "RECORDS",
    "AdaptRecord",
    "AppliedRewrite",
    "Artifact",
    "BenchRecord",
    "BenchSize",
    "BudgetRecord",
    "BudgetedKernel",
    "BudgetedVariant",
    "CalibrateRecord",
    "Calibration",
    "ColdStart",
    "Combination",
    "CombinationsRecord",
    "ConvertRecord",
    "CurvePoint",
    "DataRecord",
    "DropinCell",
    "DropinRecord",
    "EngagementVerdict",
    "Estimate",
    "FailedTarget",
    "Fairness",
    "FairnessColumn",
    "FairnessGroup",
    "FairnessRecord",
    "FetchRecord",
    "FetchedReference",
    "FileRef",
    "GainPrediction",
    "GateCounts",
    "GateOverride",
    "GateResult",
    "GatesRecord",
    "ImportRecord",
    "InspectRecord",
    "InspectedFile",
    "InspectedLayer",
    "Interval",
    "KernelCount",
    "LabelledAt",
    "LabelledQuality",
    "LadderFile",
    "LadderRecord",
    "LatencyRatio",
    "LayoutLevel",
    "LocateRecord",
    "Machine",
    "ModelTiming",
    "NoiseCheck",
    "OperatingPoint",
    "OperatingPoints",
    "OutputParity",
    "PairedDifference",
    "PckCurve",
    "Provenance",
    "PublishedLine",
    "QualityRecord",
    "ReleaseChanges",
    "Remedy",
    "RuleBreak",
    "SkippedPicture",
    "SparseLayout",
    "Split",
    "StageRecord",
    "TargetResult",
    "TimedTogether",
    "TrainRecord",
    "TrainedStep",
    "VariantQuality",
    "Verdict",
    "WorksInRecord",
    "better_of",
    "count_gates",
    "is_judged",
    "schema_digest",
]

_HOMES = ("_base", "_fairness", "_gates", "_ladder", "_making", "_measuring", "_register", "_release")

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in __all__:
            for home in _HOMES:
                module = import_module(f"{__name__}.{home}")
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
