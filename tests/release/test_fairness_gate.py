"""The gate on the gap between groups: passed, failed, not enough data to tell, or not applicable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.card import _records
from tests.release._releases import make_release, publish_to
from zoo.errors import RefusedError
from zoo.evaluate import FairnessEvidence, detection_evidence, load_hook
from zoo.evaluate._statistics import Ratio
from zoo.evaluate._tally import tally_runs
from zoo.progress import SilentProgress
from zoo.records import FairnessColumn, FairnessRecord, GateResult, StageRecord, Verdict, is_judged
from zoo.release import judge
from zoo.runtimes import Detection, run_face_graph
from zoo.sources import Picture, scan_pictures
from zoo.spec import FairnessRules, Gate, load_spec

Run = list[list[Detection]]


def gate_of(record: StageRecord | None, rules: FairnessRules | None = None) -> GateResult:
    """The last gate: the one that every spec has."""
    spec = _records.spec().model_copy(update={"gates": [], "fairness": rules or FairnessRules()})
    (result,) = judge(spec, {} if record is None else {"fairness": record})
    assert result.name == "fairness_gap"
    return result


def column(value: float, low: float, high: float, **changes: object) -> FairnessColumn:
    one = _records.fairness().columns[0]
    change = one.gap_change
    assert change is not None
    interval = change.interval.model_copy(update={"low": low, "high": high})
    moved = change.model_copy(update={"value": value, "interval": interval})
    return one.model_copy(update={"gap_change": moved, **changes})


def record_of(*columns: FairnessColumn, group_columns: list[str] | None = None) -> FairnessRecord:
    names = sorted({one.column for one in columns}) if group_columns is None else group_columns
    return _records.fairness().model_copy(update={"columns": list(columns), "group_columns": names})


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.0, -0.02, 0.03, "passed"),
        (-0.2, -0.3, -0.1, "passed"),
        (0.02, 0.01, 0.05, "passed"),
        (0.03, 0.01, 0.06, "not enough data"),
        (0.0, -0.1, 0.1, "not enough data"),
        (0.08, -0.01, 0.2, "not enough data"),
        (0.05, 0.02, 0.08, "not enough data"),
        (0.08, 0.01, 0.2, "failed"),
        (0.06, 0.055, 0.065, "failed"),
    ],
)
def test_three_answers(value: float, low: float, high: float, verdict: Verdict) -> None:
    result = gate_of(record_of(column(value, low, high)))
    assert result.verdict == verdict
    assert result.passed == (verdict == "passed")
    assert result.value == value
    assert f"{value:+.3f} (95% interval {low:+.3f} to {high:+.3f}, smallest group n = 60)" in result.reason
    assert result.reason.startswith("Not enough data to tell: ") == (verdict == "not enough data")


def test_a_group_that_is_too_small_is_not_passed_over() -> None:
    result = gate_of(record_of(column(0.0, -0.01, 0.01, left_out={"islands": 4})))
    assert result.verdict == "not enough data"
    assert "1 group(s) have fewer than 10 samples" in result.reason


def test_a_wider_gap_fails_whatever_is_left_out() -> None:
    assert gate_of(record_of(column(0.2, 0.1, 0.3, left_out={"islands": 4}))).verdict == "failed"


def test_a_column_of_small_groups_only_is_not_passed_over() -> None:
    result = gate_of(record_of(column(0.0, -0.01, 0.01), group_columns=["region", "village"]))
    assert result.verdict == "not enough data"
    assert "no group of village has 10 samples" in result.reason


def test_a_gap_that_nothing_is_known_of_does_not_pass() -> None:
    one = column(0.0, 0.0, 0.0, gap_change=None)
    assert "too small for an interval" in gate_of(record_of(one)).reason
    single = one.model_copy(update={"groups": one.groups[:1]})
    assert "there is only one group" in gate_of(record_of(single)).reason
    assert {gate_of(record_of(each)).verdict for each in (one, single)} == {"not enough data"}


def test_the_worst_column_decides() -> None:
    good = column(0.0, -0.01, 0.01)
    open_ = column(0.01, -0.05, 0.07, column="age")
    bad = column(0.2, 0.1, 0.3, column="gender")
    result = gate_of(record_of(good, open_, bad))
    assert (result.verdict, result.field) == (
        "failed",
        "fairness.columns[column=gender,metric=labelled_recall].gap_change.value",
    )
    assert gate_of(record_of(good, open_)).verdict == "not enough data"
    assert gate_of(record_of(good, good)).verdict == "passed"


def test_a_metric_may_have_a_margin_of_its_own() -> None:
    rules = FairnessRules(margin=0.3, margins={"labelled_recall": 0.01})
    result = gate_of(record_of(column(0.2, 0.1, 0.25)), rules)
    assert (result.verdict, result.limit) == ("failed", "widens by at most 0.01")
    assert gate_of(record_of(column(0.2, 0.1, 0.25)), FairnessRules(margin=0.3)).verdict == "passed"


def test_without_labels_it_does_not_apply_and_says_so() -> None:
    result = gate_of(record_of(group_columns=[]))
    assert (result.verdict, result.passed) == ("not applicable", True)
    assert result.reason.startswith("No labels available")


def test_without_a_record_it_fails() -> None:
    result = gate_of(None)
    assert (result.verdict, result.reason) == ("failed", "Not measured: there is no fairness record.")


def test_sample_pictures_are_not_judged_by_it() -> None:
    for record in (None, record_of(group_columns=[]), record_of(column(0.2, 0.1, 0.3))):
        assert not is_judged(gate_of(record), sample_data=True)
        assert is_judged(gate_of(record), sample_data=False)


def test_no_other_gate_takes_its_name() -> None:
    with pytest.raises(ValueError, match="every spec has the gate 'fairness_gap' already"):
        Gate(name="fairness_gap", purpose="Mine.", field="fairness.smallest_group", at_most=1)


def test_a_verdict_and_what_follows_from_it_agree() -> None:
    result = gate_of(record_of(group_columns=[]))
    with pytest.raises(ValueError, match="passed is True, but the verdict is 'not enough data'"):
        GateResult.model_validate({**result.model_dump(), "verdict": "not enough data"})


def test_a_release_that_nobody_can_judge_is_not_published(tmp_path: Path) -> None:
    release = make_release(tmp_path, left_out={"Micronesia": 4})
    with pytest.raises(RefusedError, match=r"Gate 'fairness_gap' cannot be told.*Not enough data to tell"):
        publish_to(release, f"dir:{tmp_path / 'to'}", dry_run=True)


@pytest.fixture(scope="module")
def portraits(shared_data: Path, published_dense: Path, published_sparse: Path) -> tuple[list[Picture], dict[str, Run]]:
    """Portraits of 160 women and 160 men, and what MediaPipe's graph finds with the published dense and sparse file."""
    folder = shared_data / "faces" / "congress"
    if not folder.is_dir():
        pytest.skip(f"no portraits in {folder}")
    spec = load_spec("face_detector").spec
    found = scan_pictures(folder, spec.data.split, progress=SilentProgress())
    everyone = [one for split in ("train", "calibration", "evaluation") for one in found.of(split)]
    chosen = [one for gender in ("Female", "Male") for one in of_gender(everyone, gender)[:160]]
    models = {"dense": published_dense, "sparse": published_sparse}
    run = run_face_graph(models, [one.path for one in chosen], progress=SilentProgress())
    return chosen, {name: list(map(list, detections)) for name, detections in run.detections.items()}


def of_gender(pictures: list[Picture], gender: str) -> list[Picture]:
    return [one for one in pictures if one.groups.get("gender") == gender]


def judged(pictures: list[Picture], dense: Run, sparse: Run) -> GateResult:
    """The whole way from detections to the gate, the dense model being the reference too."""
    runs = {"dense": dense, "sparse": sparse, "published_dense": dense}
    tallies = tally_runs(runs, reference="published_dense", iou_threshold=0.5)
    evidence = detection_evidence(tallies, [one.groups for one in pictures], reference="published_dense", noun="faces")
    answer = load_hook(FairnessRules()).judge(evidence)
    return gate_of(answer.record(_records.provenance(), pictures_sha256=_records.digest("pictures")))


def test_pruning_as_published_does_not_widen_the_gap(portraits: tuple[list[Picture], dict[str, Run]]) -> None:
    pictures, runs = portraits
    result = judged(pictures, runs["dense"], runs["sparse"])
    assert result.verdict == "passed", result.reason
    assert result.value != 0


def test_a_model_spoiled_for_one_group_is_caught(portraits: tuple[list[Picture], dict[str, Run]]) -> None:
    pictures, runs = portraits
    luck = np.random.default_rng(1).uniform(size=len(pictures))
    spoiled = [
        [] if one.groups["gender"] == "Female" and chance < 0.2 else detections
        for one, detections, chance in zip(pictures, runs["sparse"], luck, strict=True)
    ]
    result = judged(pictures, runs["dense"], spoiled)
    assert result.verdict == "failed", result.reason
    assert "wider by more than 0.05 and clear of zero" in result.reason


def test_the_same_on_few_pictures_is_not_enough_data(portraits: tuple[list[Picture], dict[str, Run]]) -> None:
    pictures, runs = portraits
    few = [number for start in (0, 160) for number in range(start, start + 12)]
    result = judged(
        [pictures[number] for number in few], *([runs[name][number] for number in few] for name in ("dense", "sparse"))
    )
    assert result.verdict == "not enough data"


def test_landmark_errors_are_judged_too() -> None:
    generator = np.random.default_rng(3)
    dense = generator.gamma(2, 0.01, 200)
    groups = [{"age": "old" if number < 90 else "young"} for number in range(200)]

    def result(extra: float) -> GateResult:
        sparse = dense + generator.normal(0.003, 0.003, 200)
        sparse[:90] += extra
        evidence = FairnessEvidence(
            {
                "landmark_error": {
                    "dense": Ratio(dense, np.ones(200), "mean"),
                    "sparse": Ratio(sparse, np.ones(200), "mean"),
                }
            },
            {"landmark_error": "lower"},
            groups,
            "hands",
        )
        answer = load_hook(FairnessRules()).judge(evidence)
        record = answer.record(_records.provenance(), pictures_sha256=_records.digest("pictures"))
        return gate_of(record, FairnessRules(margins={"landmark_error": 0.01}))

    assert result(0.0).verdict == "passed"
    assert result(0.03).verdict == "failed"
