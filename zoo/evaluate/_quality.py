"""Quality of models through MediaPipe's own graph: agreement with a reference model, and recall of labelled faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.evaluate._estimates import FEW_PICTURES, Estimator, differences
from zoo.evaluate._evidence import face_evidence
from zoo.evaluate._hook import FairnessHook, JudgedFairness, load_hook
from zoo.evaluate._tally import Tallies, tally_runs
from zoo.progress import Progress
from zoo.records import FairnessRecord, PairedDifference, Provenance, QualityRecord, VariantQuality
from zoo.runtimes import METRICS, Box, Detection, run_face_graph
from zoo.spec import Detector, FairnessRules

if TYPE_CHECKING:
    from zoo.sources import Picture

LABELLED_RECALL = "labelled_recall"

_MEANINGS = (
    "Agreement is with the reference model's detections, not with truth: matched greedily from the highest score down, "
    "one to one, and counted over all pictures together.",
    "keypoint_error is the mean distance of matched faces' key points, in sides of the reference's face box.",
)


@dataclass(frozen=True)
class Agreement:
    """Metrics of each model against the reference, and paired differences between models, on the same pictures.

    The sample count of `precision` is the model's detections, of `recall` the reference's, of `f_score` what either
    has, of `mean_iou` and `keypoint_error` the matches, of `labelled_recall` the pictures with a labelled face.
    """

    reference: str
    pictures: int
    reference_detections: int
    variants: list[VariantQuality]
    differences: list[PairedDifference]
    tallies: Tallies


def agreement(
    runs: Mapping[str, Sequence[Sequence[Detection]]],
    *,
    reference: str,
    iou_threshold: float,
    faces: Sequence[Box | None] | None = None,
) -> Agreement:
    """Compare `runs[model][picture]` with `runs[reference]`; `faces` holds each picture's labelled face, if any.

    Differences are every trained variant but `dense`, minus each of `dense`, `published_sparse` and the reference,
    where these were run. Against the reference only `labelled_recall` is compared: it agrees with itself wholly.
    """
    tallies = tally_runs(runs, reference=reference, iou_threshold=iou_threshold, faces=faces)
    estimator = Estimator(tallies)
    pruned = pruned_variants(runs, reference)
    against = [name for name in ("published_sparse", "dense") if name in runs and name != reference]
    pairs = [(variant, other) for variant in pruned for other in against]
    found = differences(estimator, pairs, (*METRICS, LABELLED_RECALL))
    found += differences(estimator, [(variant, reference) for variant in pruned], (LABELLED_RECALL,))
    return Agreement(
        reference=reference,
        pictures=tallies.pictures,
        reference_detections=tallies.faces,
        variants=[VariantQuality(name=name, metrics=estimator.estimates(name)) for name in runs],
        differences=found,
        tallies=tallies,
    )


def pruned_variants(names: Mapping[str, object], reference: str) -> list[str]:
    """The models that are neither published nor the dense control."""
    return [name for name in names if name not in {reference, "dense"} and not name.startswith("published")]


@dataclass(frozen=True)
class QualityResult:
    """What the quality and fairness stages measured; `pictures_sha256` stands for the pictures evaluated."""

    runtime: str
    score_threshold: float
    iou_threshold: float
    pictures_sha256: str
    agreement: Agreement
    fairness: JudgedFairness
    notes: list[str]

    def quality_record(self, provenance: Provenance) -> QualityRecord:
        """The record of the quality stage."""
        return QualityRecord(
            provenance=provenance,
            runtime=self.runtime,
            reference=self.agreement.reference,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
            pictures=self.agreement.pictures,
            reference_detections=self.agreement.reference_detections,
            pictures_sha256=self.pictures_sha256,
            variants=self.agreement.variants,
            differences=self.agreement.differences,
            notes=self.notes,
        )

    def fairness_record(self, provenance: Provenance) -> FairnessRecord:
        """The record of the fairness stage."""
        return self.fairness.record(provenance, pictures_sha256=self.pictures_sha256)


def evaluate_quality(
    models: Mapping[str, Path],
    *,
    reference: str,
    pictures: Sequence[Picture],
    detector: Detector,
    progress: Progress,
    hook: FairnessHook | None = None,
) -> QualityResult:
    """Run every model (by name: `dense`, `sparse`, `published_dense`, ...) through MediaPipe's graph and compare.

    `reference` names one of `models`. The graph keeps its own score threshold, which must be the one that `detector`
    declares. `hook` judges the groups; without one that of this package does. Raises InputError for a wrong name,
    threshold, model or picture, or a wrong answer of the hook, and OutsideError if the runtime dies.
    """
    from zoo.sources import set_digest

    if reference not in models:
        raise InputError(f"the reference '{reference}' is not among the models to evaluate: {', '.join(models)}")
    if not pictures:
        raise InputError("there is no picture in the evaluation split; give more pictures with --data")
    run = run_face_graph(models, [picture.path for picture in pictures], progress=progress)
    if abs(run.score_threshold - detector.score_threshold) > 1e-6:
        raise InputError(
            f"detector.score_threshold is {detector.score_threshold:g} and the graph {run.graph} uses "
            f"{run.score_threshold:g}; correct it in the spec"
        )
    compared = agreement(
        run.detections,
        reference=reference,
        iou_threshold=detector.iou_threshold,
        faces=[picture.face for picture in pictures],
    )
    hook = hook or load_hook(FairnessRules())
    groups = [picture.groups for picture in pictures]
    evidence = face_evidence(compared.tallies, groups, reference=reference, smallest_group=hook.smallest_group)
    return QualityResult(
        runtime=f"{run.runtime}, {run.graph}",
        score_threshold=run.score_threshold,
        iou_threshold=detector.iou_threshold,
        pictures_sha256=set_digest(pictures),
        agreement=compared,
        fairness=hook.judge(evidence),
        notes=_notes(compared),
    )


def _notes(compared: Agreement) -> list[str]:
    notes = list(_MEANINGS)
    labelled = int(compared.tallies.labelled.sum())
    if compared.reference_detections == 0:
        notes.append(f"{compared.reference} finds no face on these pictures, so there is nothing to agree with.")
    if labelled == 0:
        notes.append("No picture has a labelled face, so recall of labelled faces is not measured.")
    if compared.pictures < FEW_PICTURES:
        notes.append(f"{compared.pictures} picture(s) say little about others; read the intervals, not the values.")
    return notes
