"""What a detector would reach at another score threshold than the graph's own."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.evaluate._estimates import Estimator, differences
from zoo.evaluate._tally import tally_runs
from zoo.records import Estimate, PairedDifference
from zoo.runtimes import Box, Detection

_METRICS = ("precision", "recall", "f_score", "labelled_recall")


def change_of_threshold(
    name: str,
    *,
    at_best: Sequence[Sequence[Detection]],
    at_graph: Sequence[Sequence[Detection]],
    reference: Sequence[Sequence[Detection]],
    iou_threshold: float,
    faces: Sequence[Box | None],
) -> tuple[dict[str, Estimate], list[PairedDifference]]:
    """Agreement of `at_best` with `reference`, and what that is more than that of `at_graph`, on the same pictures.

    All three are of the same pictures; the differences bear `name` on both sides.
    """
    runs = {"reference": reference, "best": at_best, "graph": at_graph}
    tallies = tally_runs(runs, reference="reference", iou_threshold=iou_threshold, faces=faces)
    estimator = Estimator(tallies)
    found = differences(estimator, [("best", "graph")], _METRICS)
    return estimator.estimates("best"), [one.model_copy(update={"a": name, "b": name}) for one in found]
