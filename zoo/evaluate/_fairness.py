"""Whether a model, and pruning it, serves the groups of people in the pictures alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.evaluate._estimates import Estimator
from zoo.evaluate._tally import Bools, Tallies
from zoo.records import FairnessColumn, FairnessGroup

SMALLEST_GROUP = 10
"""Faces, or labelled pictures. Nine of nine found is still compatible with a recall of 0.70 (Wilson, 95%)."""

NO_LABELS = "no group labels available"

ALL_ALIKE = "none"
"""Named as the worst group where every group has the same value."""

_MEANINGS = (
    "A range is the best group's value minus the worst group's; with many small groups it is wide by chance alone.",
    "recall is against the reference model's detections, labelled_recall against labelled faces.",
)


@dataclass(frozen=True)
class Fairness:
    """One column for each group column and metric, and what a reader must know."""

    columns: list[FairnessColumn]
    notes: list[str]


def judge_groups(tallies: Tallies, groups: Sequence[Mapping[str, str]], *, reference: str) -> Fairness:
    """Recall by group for every group column; `groups`: the labels of each picture, by column.

    Pictures without a label in a column are not part of that column. A group whose sample is below `SMALLEST_GROUP`
    is left out and counted.
    """
    labels = sorted({column for row in groups for column in row})
    if not labels:
        return Fairness([], [NO_LABELS])
    found = [
        _column(tallies, [row.get(column) for row in groups], column=column, metric=metric, models=models)
        for column in labels
        for metric, models in _metrics(tallies, reference).items()
    ]
    columns = [column for column in found if column.groups]
    notes = list(_MEANINGS)
    for column in found:
        if column.left_out:
            notes.append(
                f"{column.column}, {column.metric}: {len(column.left_out)} group(s) with fewer than {SMALLEST_GROUP} "
                f"faces are left out ({sum(column.left_out.values())} faces)."
            )
    return Fairness(columns, notes)


def _metrics(tallies: Tallies, reference: str) -> dict[str, list[str]]:
    """The metrics that these pictures allow, each with the models it says something about."""
    names = list(tallies.models)
    found = {"recall": [name for name in names if name != reference]} if tallies.faces else {}
    if tallies.labelled.any():
        found["labelled_recall"] = names
    return {metric: models for metric, models in found.items() if models}


def _column(
    tallies: Tallies, labels: Sequence[str | None], *, column: str, metric: str, models: Sequence[str]
) -> FairnessColumn:
    groups = sorted({label for label in labels if label is not None})
    members = {group: np.array([label == group for label in labels], bool) for group in groups}
    samples = {group: _sample(tallies.of(chosen), metric) for group, chosen in members.items()}
    kept = {group: chosen for group, chosen in members.items() if samples[group] >= SMALLEST_GROUP}
    ranges, worst = _spread(tallies, kept, metric=metric, models=models)
    return FairnessColumn(
        column=column,
        metric=metric,
        groups=[_group(tallies.of(chosen), group, metric=metric, models=models) for group, chosen in kept.items()],
        range_by_variant=ranges,
        worst_by_variant=worst,
        left_out={group: size for group, size in samples.items() if group not in kept},
    )


def _sample(tallies: Tallies, metric: str) -> int:
    return tallies.faces if metric == "recall" else int(tallies.labelled.sum())


def _group(tallies: Tallies, group: str, *, metric: str, models: Sequence[str]) -> FairnessGroup:
    estimator = Estimator(tallies)
    by_variant = {name: estimate for name in models if (estimate := estimator.estimate(name, metric)) is not None}
    both = "dense" in models and "sparse" in models
    return FairnessGroup(
        group=group,
        pictures=tallies.pictures,
        by_variant=by_variant,
        change=estimator.difference("sparse", "dense", metric) if both else None,
    )


def _spread(
    tallies: Tallies, members: Mapping[str, Bools], *, metric: str, models: Sequence[str]
) -> tuple[dict[str, float], dict[str, str]]:
    """Best minus worst group and the worst group, by model; empty with fewer than two groups.

    Through fairlearn's MetricFrame: each face is a positive, found or missed, so its recall is the group's.
    """
    from fairlearn.metrics import MetricFrame, true_positive_rate

    ranges: dict[str, float] = {}
    worst: dict[str, str] = {}
    if len(members) < 2:
        return ranges, worst
    for model in models:
        found, group_of = _faces(tallies, members, metric=metric, model=model)
        frame = MetricFrame(
            metrics=true_positive_rate, y_true=np.ones_like(found), y_pred=found, sensitive_features=group_of
        )
        ranges[model] = float(frame.difference(method="between_groups"))
        worst[model] = str(frame.by_group.idxmin()) if ranges[model] > 0 else ALL_ALIKE
    return ranges, worst


def _faces(
    tallies: Tallies, members: Mapping[str, Bools], *, metric: str, model: str
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """For each face of these groups, 1 if the model found it, and its group."""
    found: list[bool] = []
    group_of: list[str] = []
    for group, chosen in members.items():
        part = tallies.of(chosen)
        tally = part.models[model]
        flags = tally.found if metric == "recall" else tally.hits[part.labelled]
        found += flags.tolist()
        group_of += [group] * len(flags)
    return np.array(found, np.int64), group_of
