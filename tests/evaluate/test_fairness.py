"""Recall by group: small groups stay out, the rest keep honest intervals."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.evaluate import NO_LABELS, SMALLEST_GROUP, judge_groups
from zoo.evaluate._intervals import wilson
from zoo.evaluate._tally import Tallies, tally_runs
from zoo.records import FairnessColumn
from zoo.runtimes import Detection

FACE = Detection(0.9, (0.2, 0.2, 0.6, 0.6), ())
SIZES = {"north": 40, "south": 12, "islands": 3}
MISSED = {"north": 2, "south": 3, "islands": 0}
"""Faces that `sparse` misses, of the one face that each picture has."""


def tallies(*, labelled: bool = True) -> tuple[Tallies, list[dict[str, str]]]:
    """One face a picture, all found by the reference and by `dense`; three pictures more have no group."""
    groups = [{"region": region} for region, size in SIZES.items() for _ in range(size)] + [{}, {}, {}]
    missed = [number < MISSED[region] for region, size in SIZES.items() for number in range(size)] + [False] * 3
    everything = [[FACE] for _ in groups]
    runs = {
        "dense": everything,
        "sparse": [[] if gone else [FACE] for gone in missed],
        "published_dense": everything,
    }
    faces = [FACE.box if labelled else None for _ in groups]
    return tally_runs(runs, reference="published_dense", iou_threshold=0.5, faces=faces), groups


@pytest.fixture(scope="module")
def column() -> FairnessColumn:
    counted, groups = tallies()
    return judge_groups(counted, groups, reference="published_dense").columns[0]


def test_gives_each_groups_recall_with_its_count(column: FairnessColumn) -> None:
    assert (column.column, column.metric) == ("region", "recall")
    found = {group.group: group.by_variant["sparse"] for group in column.groups}
    assert {name: (estimate.value, estimate.n) for name, estimate in found.items()} == {
        "north": (0.95, 40),
        "south": (0.75, 12),
    }


def test_intervals_are_no_narrower_than_wilsons(column: FairnessColumn) -> None:
    for group in column.groups:
        for estimate in group.by_variant.values():
            assert estimate.interval is not None
            low, high = wilson(round(estimate.value * estimate.n), estimate.n)
            assert estimate.interval.low <= low
            assert estimate.interval.high >= high


def test_leaves_small_groups_out_and_counts_them(column: FairnessColumn) -> None:
    assert SIZES["islands"] < SMALLEST_GROUP
    assert column.left_out == {"islands": 3}


def test_names_the_range_and_the_worst_group(column: FairnessColumn) -> None:
    assert column.range_by_variant == pytest.approx({"dense": 0.0, "sparse": 0.2})
    assert column.worst_by_variant == {"dense": "none", "sparse": "south"}


def test_says_what_pruning_changed_for_each_group(column: FairnessColumn) -> None:
    changes = {group.group: group.change for group in column.groups}
    for name, expected in (("north", -0.05), ("south", -0.25)):
        change = changes[name]
        assert change is not None
        assert (change.a, change.b) == ("sparse", "dense")
        assert change.value == pytest.approx(expected)
        assert change.interval.low < expected < change.interval.high
    wide, narrow = changes["south"], changes["north"]
    assert wide is not None
    assert narrow is not None
    assert wide.interval.high - wide.interval.low > narrow.interval.high - narrow.interval.low


def test_measures_labelled_faces_where_there_are_labels() -> None:
    counted, groups = tallies()
    metrics = [column.metric for column in judge_groups(counted, groups, reference="published_dense").columns]
    assert metrics == ["recall", "labelled_recall"]
    counted, groups = tallies(labelled=False)
    metrics = [column.metric for column in judge_groups(counted, groups, reference="published_dense").columns]
    assert metrics == ["recall"]


def test_the_reference_is_judged_by_labels_only() -> None:
    counted, groups = tallies()
    recall, labelled = judge_groups(counted, groups, reference="published_dense").columns
    assert "published_dense" not in recall.range_by_variant
    assert "published_dense" in labelled.range_by_variant


def test_says_so_where_there_are_no_groups() -> None:
    counted, groups = tallies()
    judged = judge_groups(counted, [{} for _ in groups], reference="published_dense")
    assert judged.columns == []
    assert judged.notes == [NO_LABELS]


def test_says_so_where_every_group_is_too_small() -> None:
    counted, groups = tallies()
    few = counted.of(np.arange(len(groups)) < 5)
    judged = judge_groups(few, groups[:5], reference="published_dense")
    assert judged.columns == []
    assert any("fewer than 10 faces are left out (5 faces)" in note for note in judged.notes)
