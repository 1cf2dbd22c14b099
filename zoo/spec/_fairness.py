"""What a spec says about groups of people: who judges them, how far a gap may widen, and which groups are too small."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoo.spec._part import SpecPart

SMALLEST_GROUP = 10
"""Of what a metric counts, such as faces. Nine of nine found are compatible with a recall of 0.70 (Wilson, 95%)."""

FAIRNESS_GATE = "fairness_gap"
"""The gate that every spec has, without declaring it among its `gates`."""

OWN_HOOK = "zoo.evaluate:judge_groups"
"""The hook of this package."""

Margin = Annotated[float, Field(ge=0)]


class FairnessRules(SpecPart):
    """How groups are judged, and how far pruning may widen a gap between them.

    `hook`: the function that judges, `module:function`, from an installed package or from a module beside the spec.
    `margin`: how far the gap between the best and the worst group may widen from `dense` to `sparse`, in the unit of
    the metric; `margins` by metric, where it differs. `smallest_group`: below it a group is left out and counted.
    """

    hook: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] = OWN_HOOK
    margin: Margin = 0.05
    margins: dict[str, Margin] = Field(default={})
    smallest_group: int = Field(default=SMALLEST_GROUP, ge=1)

    def margin_of(self, metric: str) -> float:
        """The margin of that metric."""
        return self.margins.get(metric, self.margin)
