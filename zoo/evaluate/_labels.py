"""Quality against labels: which metrics an annotated set allows for a family, and what each model reaches in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from zoo.evaluate._aligned import Aligned, align, longer_side
from zoo.evaluate._bodies import COCO_POINTS, MEDIAPIPE_POSE_POINTS, shared_points, sigmas_of
from zoo.evaluate._detection_metrics import detection_statistics
from zoo.evaluate._estimates import FEW_PICTURES
from zoo.evaluate._point_metrics import found_share, mean_error, pck, pck_area, pck_curve, pdj
from zoo.evaluate._pose_metrics import pose_statistics
from zoo.evaluate._statistics import Statistic, compare
from zoo.evaluate._truth import Found, Truth, found_of, truth_of
from zoo.records import LabelledQuality, PckCurve
from zoo.runtimes import Detection
from zoo.sources.annotations import AnnotatedObject, AnnotatedPicture, LabelledSet

Runs = Mapping[str, Sequence[Sequence[Detection]]]
"""By model and picture."""
Kind = Literal["boxes", "body", "hand"]

CURVE = tuple(step / 50 for step in range(11))
"""Thresholds of the PCK curve in a record, in sizes: 0 to 0.2."""
_HAND_POINTS = 21

_CATEGORIES = {
    "faces": frozenset({"face", "faces"}),
    "persons": frozenset({"person", "persons", "people", "pedestrian"}),
    "hands": frozenset({"hand", "hands", "left_hand", "right_hand"}),
    "palms": frozenset({"palm", "palms", "hand", "hands", "left_hand", "right_hand"}),
}
"""What annotations call the objects of a family."""
_KNOWN = frozenset().union(*_CATEGORIES.values())

_MEANINGS: Mapping[Kind, str] = {
    "boxes": "ap is COCO's average precision over IoU 0.5 to 0.95, ap50 that at 0.5; precision, recall and f_score are "
    "at the threshold of the graph, at IoU {iou:g}.",
    "body": "oks_ap is COCO's average precision over object key-point similarity 0.5 to 0.95; pck10 counts points "
    "within a tenth of the longer side of the person's box, pdj20 those within a fifth of the torso; found is the "
    "share of persons that were found at all. The graph finds one person a picture, and every labelled one counts.",
    "hand": "mean_error is the mean distance of found hands' points over the longer side of the labelled box; pck5 and "
    "pck20 count points within 5% and 20% of it, those of hands that were not found as wrong; pck_area is the area "
    "below that curve up to 20%; found is the share of hands that were found at all.",
}
_EXTENTS = "A found object's box is that around its points, and its score that of the landmark model."


@dataclass(frozen=True)
class Labels:
    """The part of a labelled set that is about what a family finds.

    `ours` and `theirs`: positions of the key points that both have, in the model's list and in the set's.
    """

    source: LabelledSet
    noun: str
    categories: tuple[str, ...]
    kind: Kind
    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    names: tuple[str, ...]
    evaluation: tuple[AnnotatedPicture, ...]
    calibration: tuple[AnnotatedPicture, ...]

    def counts(self, thing: AnnotatedObject) -> bool:
        """Whether an object is one that must be found: not to be ignored, and with what is measured."""
        return not thing.ignore and (thing.box is not None if self.kind == "boxes" else thing.labelled_points > 0)

    def truths(self, pictures: Sequence[AnnotatedPicture]) -> list[Truth]:
        """The labelled objects of each of `pictures`. Raises InputError as `truth_of`."""
        return [truth_of(picture, points=self.theirs if self.kind != "boxes" else None) for picture in pictures]

    def found(self, run: Sequence[Sequence[Detection]], pictures: Sequence[AnnotatedPicture]) -> list[Found]:
        """What a model found in each of `pictures`, in pixels."""
        points = self.ours if self.kind != "boxes" else ()
        return [
            found_of(detections, width=picture.width, height=picture.height, points=points)
            for detections, picture in zip(run, pictures, strict=True)
        ]


def labels_for(source: LabelledSet, noun: str) -> Labels | None:
    """What `source` says about the objects that `noun` names; None where it says nothing of them.

    Categories with the family's name are taken. Of a set without any name that is known here, all are, unless nobody
    named the annotations and their folder bears the name of another family.
    """
    pictures = (*source.evaluation, *source.calibration)
    present = {thing.category for picture in pictures for thing in picture.objects}
    categories = {name for name in present if _plain(name) in _CATEGORIES[noun]}
    if not categories and not any(_plain(name) in _KNOWN for name in present):
        folders = {part for picture in pictures[:1] for part in map(_plain, picture.path.parts)}
        is_ours = source.named or bool(folders & _CATEGORIES[noun]) or not folders & _KNOWN
        categories = present if is_ours else set()
    if not categories:
        return None
    kind, ours, theirs, names = _points(source, noun)
    if kind == "boxes" and not any(thing.box for one in pictures for thing in one.objects if not thing.region):
        return None
    return Labels(
        source=source,
        noun=noun,
        categories=tuple(sorted(categories)),
        kind=kind,
        ours=ours,
        theirs=theirs,
        names=names,
        evaluation=_only(source.evaluation, categories),
        calibration=_only(source.calibration, categories),
    )


def label_statistics(
    labels: Labels,
    run: Sequence[Sequence[Detection]],
    *,
    iou_threshold: float,
    low_run: Sequence[Sequence[Detection]] | None = None,
) -> dict[str, Statistic]:
    """The metrics of one model on the pictures of `labels.evaluation`; `run` is at the threshold that is judged.

    `low_run`: what it finds at a low score threshold, which average precision of boxes ranks; without it there is none
    unless scores have no threshold of their own, as with points.
    """
    truths = labels.truths(labels.evaluation)
    found = labels.found(run, labels.evaluation)
    if labels.kind == "boxes":
        at = detection_statistics(found, truths, score_threshold=0.0, iou_threshold=iou_threshold)
        chosen: dict[str, Statistic] = {
            name: one for name, one in at.items() if name in {"precision", "recall", "f_score"}
        }
        if low_run is None:
            return chosen
        every = labels.found(low_run, labels.evaluation)
        ranked = detection_statistics(every, truths, score_threshold=0.0, iou_threshold=iou_threshold)
        return {**{name: one for name, one in ranked.items() if name in {"ap", "ap50"}}, **chosen}
    aligned = align(found, truths)
    if labels.kind == "hand":
        return {**_hand_statistics(aligned), "found": found_share(aligned)}
    statistics = pose_statistics(found, truths, sigmas=sigmas_of(labels.names))
    statistics["pck10"] = pck(aligned, longer_side(aligned), threshold=0.1)
    if {"left_shoulder", "right_hip"} <= set(labels.names):
        statistics["pdj20"] = pdj(aligned, labels.names)
    return {**statistics, "found": found_share(aligned)}


def judge_labels(labels: Labels, runs: Runs, *, low_runs: Runs | None, iou_threshold: float) -> LabelledQuality:
    """Every model's metrics on the set, and the paired differences of dense, sparse and published files."""
    statistics = {
        name: label_statistics(
            labels, run, iou_threshold=iou_threshold, low_run=low_runs[name] if low_runs is not None else None
        )
        for name, run in runs.items()
    }
    variants, differences = compare(statistics, label_pairs(list(runs)))
    return LabelledQuality(
        place=labels.source.place,
        file=labels.source.file,
        format=labels.source.format,
        how=labels.source.how,
        categories=list(labels.categories),
        pictures=len(labels.evaluation),
        objects=sum(labels.counts(thing) for picture in labels.evaluation for thing in picture.objects),
        left_out=labels.source.left_out,
        variants=variants,
        differences=differences,
        curves=[curve for name, run in runs.items() if (curve := _curve(name, labels, run)) is not None],
        notes=_notes(labels, iou_threshold),
    )


def label_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each pruned model against dense, each of ours against each published one, and the published ones."""
    published = [name for name in names if name.startswith("published")]
    ours = [name for name in names if name not in published]
    pairs = [(name, "dense") for name in ours if name != "dense" and "dense" in ours]
    pairs += [(name, other) for name in ours for other in published]
    both = ("published_sparse", "published_dense")
    return [*pairs, both] if set(both) <= set(published) else pairs


def _hand_statistics(aligned: Aligned) -> dict[str, Statistic]:
    sizes = longer_side(aligned)
    return {
        "mean_error": mean_error(aligned, sizes),
        "pck5": pck(aligned, sizes, threshold=0.05),
        "pck20": pck(aligned, sizes, threshold=0.2),
        "pck_area": pck_area(aligned, sizes),
    }


def _curve(name: str, labels: Labels, run: Sequence[Sequence[Detection]]) -> PckCurve | None:
    if labels.kind != "hand":
        return None
    aligned = align(labels.found(run, labels.evaluation), labels.truths(labels.evaluation))
    curve = pck_curve(aligned, longer_side(aligned), thresholds=CURVE)
    if curve is None:
        return None
    spans = [share.interval for share in curve.shares]
    return PckCurve(
        name=name,
        thresholds=list(curve.thresholds),
        shares=[share.value for share in curve.shares],
        low=[span.low for span in spans if span],
        high=[span.high for span in spans if span],
        n=curve.area.n,
    )


def _points(source: LabelledSet, noun: str) -> tuple[Kind, tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
    if noun == "persons":
        ours, theirs, names = shared_points(MEDIAPIPE_POSE_POINTS, source.keypoint_names)
        known = [place for place, name in enumerate(names) if name in COCO_POINTS]
        if known:
            return (
                "body",
                tuple(ours[place] for place in known),
                tuple(theirs[place] for place in known),
                tuple(names[place] for place in known),
            )
    # The wrist, then four points of each finger from the thumb on: FreiHAND, OneHand10K and MediaPipe agree on it.
    if noun in {"hands", "palms"} and len(source.keypoint_names) == _HAND_POINTS:
        every = tuple(range(_HAND_POINTS))
        return "hand", every, every, source.keypoint_names
    return "boxes", (), (), ()


def _only(pictures: Sequence[AnnotatedPicture], categories: set[str]) -> tuple[AnnotatedPicture, ...]:
    return tuple(
        replace(one, objects=tuple(thing for thing in one.objects if thing.category in categories and not thing.region))
        for one in pictures
        if not any(thing.region for thing in one.objects)
    )


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")


def _notes(labels: Labels, iou_threshold: float) -> list[str]:
    notes = [_MEANINGS[labels.kind].format(iou=iou_threshold)]
    if labels.kind == "boxes" and labels.noun != "faces":
        notes.append(_EXTENTS)
    if not any(_plain(name) in _CATEGORIES[labels.noun] for name in labels.categories):
        notes.append(f"No category says what it is of; all are taken for {labels.noun}.")
    if len(labels.evaluation) < FEW_PICTURES:
        notes.append(f"{len(labels.evaluation)} labelled picture(s) say little about others; read the intervals.")
    return notes
