"""Recall by group: small groups stay out, the rest keep honest intervals."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.evaluate import NO_LABELS, FairnessEvidence, detection_evidence, judge_groups
from zoo.evaluate._intervals import wilson
from zoo.evaluate._statistics import Ratio
from zoo.evaluate._tally import Tallies, tally_runs
from zoo.records import Fairness, FairnessColumn
from zoo.runtimes import Detection
from zoo.spec import SMALLEST_GROUP

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


def judged(counted: Tallies, groups: list[dict[str, str]]) -> Fairness:
    return judge_groups(detection_evidence(counted, groups, reference="published_dense", noun="faces"))


@pytest.fixture(scope="module")
def column() -> FairnessColumn:
    return judged(*tallies()).columns[0]


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
    assert [column.metric for column in judged(*tallies()).columns] == ["recall", "labelled_recall"]
    assert [column.metric for column in judged(*tallies(labelled=False)).columns] == ["recall"]


def test_the_reference_is_judged_by_labels_only() -> None:
    recall, labelled = judged(*tallies()).columns
    assert "published_dense" not in recall.range_by_variant
    assert "published_dense" in labelled.range_by_variant


def test_says_so_where_there_are_no_groups() -> None:
    counted, groups = tallies()
    answer = judged(counted, [{} for _ in groups])
    assert answer.columns == []
    assert answer.notes == [NO_LABELS]


def test_says_so_where_every_group_is_too_small() -> None:
    counted, groups = tallies()
    answer = judged(counted.of(np.arange(len(groups)) < 5), groups[:5])
    assert answer.columns == []
    assert any("fewer than 10 faces are left out (5 faces)" in note for note in answer.notes)


def test_says_how_pruning_changed_the_gap(column: FairnessColumn) -> None:
    change = column.gap_change
    assert change is not None
    assert (change.a, change.b, change.n) == ("sparse", "dense", 52)
    assert change.value == pytest.approx(0.2)
    assert change.interval.low < 0.2 < change.interval.high
    assert column.smallest_n == 12


def test_a_lower_error_is_better() -> None:
    generator = np.random.default_rng(4)
    errors = {"dense": generator.gamma(2, 0.02, 120), "sparse": generator.gamma(2, 0.02, 120)}
    groups = [{"age": "old" if number < 40 else "young"} for number in range(120)]
    errors["sparse"][:40] += 0.1
    evidence = FairnessEvidence(
        metrics={"landmark_error": {name: Ratio(values, np.ones(120), "mean") for name, values in errors.items()}},
        better={"landmark_error": "lower"},
        groups=groups,
        unit="hands",
    )
    (column,) = judge_groups(evidence).columns
    old, young = (errors["sparse"][part].mean() for part in (slice(40), slice(40, None)))
    assert column.better == "lower"
    assert column.worst_by_variant["sparse"] == "old"
    assert column.range_by_variant["sparse"] == pytest.approx(old - young)
    assert column.gap_change is not None
    assert column.gap_change.interval.low > 0.05


def test_a_mean_over_few_pictures_has_no_interval_of_the_gap() -> None:
    errors = np.random.default_rng(5).gamma(2, 0.02, 60)
    evidence = FairnessEvidence(
        metrics={"landmark_error": {name: Ratio(errors, np.ones(60), "mean") for name in ("dense", "sparse")}},
        better={"landmark_error": "lower"},
        groups=[{"age": "old" if number < 20 else "young"} for number in range(60)],
        unit="hands",
    )
    (column,) = judge_groups(evidence).columns
    assert [group.group for group in column.groups] == ["old", "young"]
    assert column.gap_change is None


def test_evidence_must_fit_together() -> None:
    share = Ratio.of_trials(np.ones(3, bool), np.arange(3), 3)
    with pytest.raises(ValueError, match="recall of sparse is of 3 pictures, the groups of 2"):
        FairnessEvidence({"recall": {"sparse": share}}, {"recall": "higher"}, [{}, {}], "faces")
    with pytest.raises(ValueError, match="which direction of recall is better"):
        FairnessEvidence({"recall": {"sparse": share}}, {}, [{}, {}, {}], "faces")
