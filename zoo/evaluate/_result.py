"""What the quality and fairness stages measured, and the records that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoo.evaluate._hook import JudgedFairness
from zoo.records import (
    FairnessRecord,
    LabelledQuality,
    OperatingPoints,
    PairedDifference,
    Provenance,
    QualityRecord,
    VariantQuality,
)


@dataclass(frozen=True)
class QualityResult:
    """Fields of the quality record, and fairness; `pictures_sha256` stands for the pictures evaluated.

    `score_threshold` and `iou_threshold` are None for models without boxes, and so is `operating`.
    """

    runtime: str
    reference: str
    score_threshold: float | None
    iou_threshold: float | None
    pictures: int
    reference_detections: int
    pictures_sha256: str
    variants: list[VariantQuality]
    differences: list[PairedDifference]
    fairness: JudgedFairness
    notes: list[str]
    labels: list[LabelledQuality] = field(default_factory=list)
    operating: OperatingPoints | None = None

    def quality_record(self, provenance: Provenance) -> QualityRecord:
        """The record of the quality stage."""
        return QualityRecord(
            provenance=provenance,
            runtime=self.runtime,
            reference=self.reference,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
            pictures=self.pictures,
            reference_detections=self.reference_detections,
            pictures_sha256=self.pictures_sha256,
            variants=self.variants,
            differences=self.differences,
            labels=self.labels,
            operating=self.operating,
            notes=self.notes,
        )

    def fairness_record(self, provenance: Provenance) -> FairnessRecord:
        """The record of the fairness stage."""
        return self.fairness.record(provenance, pictures_sha256=self.pictures_sha256)
