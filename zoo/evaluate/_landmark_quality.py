"""Quality of landmark models: agreement with a reference in the regions that MediaPipe's graph feeds to both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.evaluate._estimates import FEW_PICTURES
from zoo.evaluate._evidence import Better, FairnessEvidence
from zoo.evaluate._hook import FairnessHook
from zoo.evaluate._landmark_agreement import CLOSE, Sightings, found_objects, landmark_statistics
from zoo.evaluate._quality import pruned_variants
from zoo.evaluate._result import QualityResult
from zoo.evaluate._statistics import compare

if TYPE_CHECKING:
    from zoo.sources import Picture

BETTER: Mapping[str, Better] = {"landmark_error": "lower", "presence_agreement": "higher"}
"""What groups are judged by, and which direction is better."""

_MEANINGS = (
    "Agreement is with the reference model, not with truth, in the same regions of the same pictures.",
    "landmark_error is the mean distance of points over the object's size, the longer side of the box around the "
    f"reference's points; pck counts points within {CLOSE:g} of it; world_error is in metres.",
)


def evaluate_landmarks(
    runs: Mapping[str, Sightings],
    *,
    reference: str,
    pictures: Sequence[Picture],
    runtime: str,
    noun: str,
    hook: FairnessHook,
) -> QualityResult:
    """Compare `runs[model]` with `runs[reference]` on `pictures`; `noun`: what they find, in the plural.

    Differences are every trained variant but `dense`, minus `dense`. `hook` judges the groups; raises InputError where
    its answer is wrong.
    """
    from zoo.sources import set_digest

    statistics = {name: landmark_statistics(ours, runs[reference]) for name, ours in runs.items() if name != reference}
    pairs = [(name, "dense") for name in pruned_variants(runs, reference) if "dense" in runs]
    variants, differences = compare(statistics, pairs)
    objects = found_objects(runs[reference])
    evidence = FairnessEvidence(
        metrics={metric: {name: one[metric] for name, one in statistics.items()} for metric in BETTER},
        better=BETTER,
        groups=[picture.groups for picture in pictures],
        unit=noun,
        smallest_group=hook.smallest_group,
        notes=_MEANINGS,
    )
    return QualityResult(
        runtime=runtime,
        reference=reference,
        score_threshold=None,
        iou_threshold=None,
        pictures=len(pictures),
        reference_detections=objects,
        pictures_sha256=set_digest(pictures),
        variants=variants,
        differences=differences,
        fairness=hook.judge(evidence),
        notes=_notes(objects, len(pictures), reference, noun),
    )


def _notes(objects: int, pictures: int, reference: str, noun: str) -> list[str]:
    notes = list(_MEANINGS)
    if objects == 0:
        notes.append(f"{reference} finds no {noun} on these pictures, so there is nothing to agree with.")
    if pictures < FEW_PICTURES:
        notes.append(f"{pictures} picture(s) say little about others; read the intervals, not the values.")
    return notes
