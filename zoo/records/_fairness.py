"""The record of the fairness of a model: what groups of people get from it, and what pruning changed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zoo.records._base import Estimate, Frozen, Sha256, StageRecord
from zoo.records._measuring import PairedDifference


class FairnessGroup(Frozen):
    """One group: its pictures, the metric of each model, and the change from `dense` to `sparse`."""

    group: str
    pictures: int
    by_variant: dict[str, Estimate]
    change: PairedDifference | None


class FairnessColumn(Frozen):
    """One group column: the metric by group, each variant's range over groups, its worst group, and the change.

    `gap_change`: the range of `sparse` minus that of `dense`; None where it, or its interval, cannot be told.
    `smallest_n`: the smallest sample of a group that is compared, None without one. `left_out`: the samples of groups
    that are too small.
    """

    column: str
    metric: str
    better: Literal["higher", "lower"]
    groups: list[FairnessGroup]
    range_by_variant: dict[str, float]
    worst_by_variant: dict[str, str]
    gap_change: PairedDifference | None
    smallest_n: int | None = Field(ge=0)
    left_out: dict[str, int]


class Fairness(Frozen):
    """What a fairness hook answers: one column for each group column and metric, and what a reader must know."""

    columns: list[FairnessColumn]
    notes: list[str]


class FairnessRecord(StageRecord):
    """How `hook` judged the groups.

    `group_columns`: all that the pictures are labelled in; one without an entry in `columns` has only groups that are
    too small. `hook_sha256`: of the module's file; None for the hook that is part of this package.
    """

    stage: Literal["fairness"] = "fairness"
    pictures_sha256: Sha256
    hook: str
    hook_sha256: Sha256 | None
    smallest_group: int = Field(ge=1)
    group_columns: list[str]
    columns: list[FairnessColumn]
    notes: list[str]
