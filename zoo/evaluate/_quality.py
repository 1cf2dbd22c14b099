"""Quality of models through MediaPipe's own graph: agreement with a reference model, and recall of labelled faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.evaluate._estimates import FEW_PICTURES, Estimator, differences
from zoo.evaluate._evidence import detection_evidence
from zoo.evaluate._hook import FairnessHook
from zoo.evaluate._result import QualityResult
from zoo.evaluate._tally import Tallies, tally_runs
from zoo.records import PairedDifference, VariantQuality
from zoo.runtimes import METRICS, Box, Detection, DetectionRun
from zoo.spec import Detector

if TYPE_CHECKING:
    from zoo.sources import Picture

LABELLED_RECALL = "labelled_recall"

_MEANINGS = (
    "Agreement is with the reference model's detections, not with truth: matched greedily from the highest score down, "
    "one to one, and counted over all pictures together.",
    "keypoint_error is the mean distance of matched objects' key points, in sides of the reference's box.",
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


def evaluate_detections(
    run: DetectionRun,
    *,
    reference: str,
    pictures: Sequence[Picture],
    detector: Detector,
    noun: str,
    hook: FairnessHook,
) -> QualityResult:
    """Compare what every model found through MediaPipe's graph on `pictures` with what `reference` found.

    The graph keeps its own score threshold, which must be the one that `detector` declares. `noun`: what is detected,
    in the plural. `hook` judges the groups.
    Raises InputError for another threshold, or a wrong answer of the hook.
    """
    from zoo.sources import set_digest

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
    groups = [picture.groups for picture in pictures]
    evidence = detection_evidence(
        compared.tallies, groups, reference=reference, noun=noun, smallest_group=hook.smallest_group
    )
    return QualityResult(
        runtime=f"{run.runtime}, {run.graph}",
        reference=reference,
        score_threshold=run.score_threshold,
        iou_threshold=detector.iou_threshold,
        pictures=compared.pictures,
        reference_detections=compared.reference_detections,
        pictures_sha256=set_digest(pictures),
        variants=compared.variants,
        differences=compared.differences,
        fairness=hook.judge(evidence),
        notes=_notes(compared, noun),
    )


def _notes(compared: Agreement, noun: str) -> list[str]:
    notes = list(_MEANINGS)
    labelled = int(compared.tallies.labelled.sum())
    if compared.reference_detections == 0:
        notes.append(f"{compared.reference} finds no {noun} on these pictures, so there is nothing to agree with.")
    if labelled == 0 and noun == "faces":
        notes.append("No picture has a labelled face, so recall of labelled faces is not measured.")
    if compared.pictures < FEW_PICTURES:
        notes.append(f"{compared.pictures} picture(s) say little about others; read the intervals, not the values.")
    return notes
