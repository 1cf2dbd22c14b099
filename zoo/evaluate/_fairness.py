"""The fairness hook of this package: whether a model, and pruning it, serves the groups of people in pictures alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.evaluate._evidence import DENSE, SPARSE, Better, FairnessEvidence, value_of
from zoo.evaluate._gap import gap_change
from zoo.evaluate._statistics import Statistic, compare
from zoo.evaluate._tally import Bools
from zoo.records import Fairness, FairnessColumn, FairnessGroup

NO_LABELS = "no group labels available"

ALL_ALIKE = "none"
"""Named as the worst group where every group has the same value."""

_RANGES = (
    "A range is the best group's value minus the worst group's; with many small groups it is wide by chance alone."
)

Models = Mapping[str, Statistic]


def judge_groups(evidence: FairnessEvidence) -> Fairness:
    """Every metric by group for every group column, and what pruning changed.

    Gives by group the metric of each model with its 95% interval, and the paired change from dense to sparse; by
    column each model's range and worst group, and the paired change of the gap (`gap_change` says how). A group in
    which a model has fewer samples than `evidence.smallest_group` is left out and counted; a column without any group
    left is left out.
    """
    columns = evidence.columns
    if not columns:
        return Fairness(columns=[], notes=[NO_LABELS])
    found = [_column(evidence, column, metric) for column in columns for metric in evidence.metrics]
    notes = [_RANGES, *evidence.notes]
    for one in found:
        if one.left_out:
            notes.append(
                f"{one.column}, {one.metric}: {len(one.left_out)} group(s) with fewer than {evidence.smallest_group} "
                f"{evidence.unit} are left out ({sum(one.left_out.values())} {evidence.unit})."
            )
    return Fairness(columns=[one for one in found if one.groups], notes=notes)


def _column(evidence: FairnessEvidence, column: str, metric: str) -> FairnessColumn:
    models = evidence.metrics[metric]
    labels = [row.get(column) for row in evidence.groups]
    members = {
        group: np.array([label == group for label in labels], bool)
        for group in sorted({label for label in labels if label is not None})
    }
    parts = {group: {name: one.of(chosen) for name, one in models.items()} for group, chosen in members.items()}
    samples = {group: min(one.samples for one in part.values()) for group, part in parts.items()}
    kept = {group: part for group, part in parts.items() if samples[group] >= evidence.smallest_group}
    groups = [_group(group, part, metric) for group, part in kept.items()]
    ranges, worst = _spread(models, {group: members[group] for group in kept}, evidence.better[metric])
    both = DENSE in models and SPARSE in models
    return FairnessColumn(
        column=column,
        metric=metric,
        better=evidence.better[metric],
        groups=groups,
        range_by_variant=ranges,
        worst_by_variant=worst,
        gap_change=gap_change(
            [part[SPARSE] for part in kept.values()],
            [part[DENSE] for part in kept.values()],
            [group.change for group in groups],
            metric=metric,
        )
        if both
        else None,
        smallest_n=min((samples[group] for group in kept), default=None),
        left_out={group: size for group, size in samples.items() if group not in kept},
    )


def _group(group: str, models: Models, metric: str) -> FairnessGroup:
    pairs = [(SPARSE, DENSE)] if DENSE in models and SPARSE in models else []
    variants, changes = compare({name: {metric: one} for name, one in models.items()}, pairs)
    return FairnessGroup(
        group=group,
        pictures=next(iter(models.values())).pictures,
        by_variant={variant.name: variant.metrics[metric] for variant in variants if metric in variant.metrics},
        change=changes[0] if changes else None,
    )


def _spread(models: Models, members: Mapping[str, Bools], better: Better) -> tuple[dict[str, float], dict[str, str]]:
    """Best minus worst group and the worst group, by model; empty with fewer than two groups.

    Through fairlearn's MetricFrame over pictures: the metric of a group is the statistic on the group's pictures.
    """
    from fairlearn.metrics import MetricFrame

    ranges: dict[str, float] = {}
    worst: dict[str, str] = {}
    if len(members) < 2:
        return ranges, worst
    pictures = np.concatenate([np.flatnonzero(chosen) for chosen in members.values()])
    group_of = [group for group, chosen in members.items() for _ in range(int(chosen.sum()))]
    for model, statistic in models.items():

        def of_pictures(chosen: Sequence[int], _: Sequence[int], whole: Statistic = statistic) -> float:
            return value_of(whole.of(np.isin(np.arange(whole.pictures), chosen)))

        frame = MetricFrame(metrics=of_pictures, y_true=pictures, y_pred=pictures, sensitive_features=group_of)
        ranges[model] = float(frame.difference(method="between_groups"))
        by_group = frame.by_group
        last = str(by_group.idxmin() if better == "higher" else by_group.idxmax())
        worst[model] = last if ranges[model] > 0 else ALL_ALIKE
    return ranges, worst
