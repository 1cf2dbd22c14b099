"""`compare` sorts what differs between two releases into worse, better, and nothing that could be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.card import _records
from tests.release._releases import (
    make_release,
    publish_to,
    spec_version,
    with_bytes,
    with_f_score,
    with_latency,
)
from zoo.errors import InputError, RefusedError
from zoo.records import DropinRecord, QualityRecord, StageRecord
from zoo.release import Comparison, Measured, compare_releases, compare_variants, read_measured
from zoo.release._compare import bucket


def compared(**changed: StageRecord) -> Comparison:
    """The usual records against these changed ones."""
    spec, records = spec_version("0.1.0"), _records.measured()
    variants = frozenset(one.name for one in spec.variants)
    old, new = (Measured("0.1.0", variants, tuple(spec.gates), one) for one in (records, records | changed))
    return compare_releases(old, new, names=("old", "new"))


def sentences(found: Comparison) -> tuple[list[str], list[str]]:
    return [one.sentence for one in found.regressions], [one.sentence for one in found.improvements]


def test_a_release_against_itself_differs_in_nothing() -> None:
    found = compared()
    assert sentences(found) == ([], [])
    assert (found.only_before, found.only_after, found.notes) == ((), (), ())
    fields = [one.field for one in found.unchanged]
    assert "bench.sizes[name=sparse].file.bytes" in fields
    assert "quality.variants[name=dense].metrics.f_score.value" in fields
    assert any(field.startswith("fairness.columns[column=region") for field in fields)
    assert not any("published" in field.split("]")[0] for field in fields), "published files are the same ever"


def test_counts_differ_by_any_byte() -> None:
    assert sentences(compared(bench=with_bytes(482_245))) == (["sparse: bytes 482,244 -> 482,245 (+1)"], [])
    assert sentences(compared(bench=with_bytes(482_243))) == ([], ["sparse: bytes 482,244 -> 482,243 (-1)"])


@pytest.mark.parametrize(
    ("ratio", "spread", "worse", "better"),
    [(0.93, 0.024, 0, 0), (0.97, 0.01, 1, 0), (0.97, 0.05, 0, 0), (0.87, 0.01, 0, 1), (0.90, 0.05, 0, 0)],
)
def test_a_ratio_differs_where_the_interval_of_its_change_excludes_zero(
    ratio: float, spread: float, worse: int, better: int
) -> None:
    found = compared(bench=with_latency(ratio, spread))
    assert (len(found.regressions), len(found.improvements)) == (worse, better)
    (moved,) = [
        one
        for one in (*found.regressions, *found.improvements, *found.unchanged)
        if one.field.endswith("[numerator=sparse,denominator=published_sparse].ratio") and "=wasm]" in one.field
    ]
    assert moved.low is not None
    assert moved.high is not None
    # Two independent estimates: the half-widths add as squares.
    assert moved.high - moved.change == pytest.approx((0.024**2 + spread**2) ** 0.5)
    assert moved.change - moved.low == pytest.approx((0.024**2 + spread**2) ** 0.5)


def test_more_is_better_for_scores_and_less_for_errors() -> None:
    worse, better = sentences(compared(quality=with_f_score(0.80, 0.79, 0.81)))
    assert len(worse) == 1
    assert worse[0].startswith("sparse: f score 0.861 [0.845 to 0.877] -> 0.8 [0.79 to 0.81] (-0.061, 95% interval")
    assert better == []
    assert bucket(0.1, 0.05, 0.15, better="lower", certain=False) == "regression"
    assert bucket(-0.1, -0.15, -0.05, better="lower", certain=False) == "improvement"
    assert bucket(-0.1, -0.15, 0.05, better="lower", certain=False) == "unchanged"
    assert bucket(0.1, None, None, better="higher", certain=False) == "improvement"
    assert bucket(0.0, None, None, better="higher", certain=True) == "unchanged"


def test_a_file_that_drops_in_no_more_is_a_regression() -> None:
    cells = [one.model_copy(update={"status": "failed"}) for one in _records.dropin().cells]
    worse, _ = sentences(compared(dropin=DropinRecord(provenance=_records.provenance(), cells=cells)))
    assert worse == [
        "sparse: drop-in at face_detection_full_range_cpu of mediapipe==0.10.21 passed -> failed",
        "dense: drop-in at FaceDetector of mediapipe==1.2.2 not tried -> failed",
    ]


def test_what_only_one_has_is_listed() -> None:
    found = compared(bench=_records.bench(without_wasm=True))
    assert any("sparse: time on wasm over that of published_sparse 0.921" in text for text in found.only_before)
    assert found.only_after == ()


def test_what_was_measured_against_something_else_is_not_compared() -> None:
    other = _records.quality().model_copy(update={"reference": "published_sparse"})
    found = compared(quality=QualityRecord.model_validate(other.model_dump()))
    assert not any(one.field.startswith("quality.") for one in (*found.unchanged, *found.regressions))
    assert any("sparse: f score is left out" in note for note in found.notes)


def test_what_makes_a_difference_doubtful_is_noted() -> None:
    quality = _records.quality().model_copy(update={"pictures_sha256": _records.digest("others")})
    bench = _records.bench()
    machine = bench.provenance.machine.model_copy(update={"cpu_model": "Another Processor"})
    bench = bench.model_copy(update={"provenance": bench.provenance.model_copy(update={"machine": machine})})
    assert compared(quality=quality, bench=bench).notes == (
        "Latency was measured on different machines (Some Processor, then Another Processor).",
        "Quality was judged on different pictures.",
    )


def test_dense_and_sparse_are_compared_by_what_was_measured_in_pairs() -> None:
    found = compare_variants(_records.measured(), "dense", "sparse")
    by_field = {one.field: one for one in (*found.regressions, *found.improvements, *found.unchanged)}
    f_score = by_field["quality.variants[name=*].metrics.f_score.value"]
    assert (f_score.before, f_score.after, f_score.bucket) == ("0.881", "0.861", "regression")
    assert (f_score.low, f_score.high) == (-0.032, -0.008), "the record's own paired interval"
    recall = by_field["quality.variants[name=*].metrics.recall.value"]
    assert recall.bucket == "unchanged", "no pair was measured, so two wide intervals are all that is known"
    time = by_field["bench.targets[target=host].ratios[numerator=sparse,denominator=dense].ratio"]
    assert time.what == "time on host over that of dense (sparse kernels did not run)"
    assert (time.bucket, time.low) == ("unchanged", pytest.approx(-0.029))
    assert by_field["bench.sizes[name=*].file.bytes"].bucket == "improvement"


def test_labels_are_compared_by_their_own_pairs_too() -> None:
    quality = _records.quality().model_copy(update={"labels": [_records.labelled()]})
    found = compare_variants(_records.measured() | {"quality": quality}, "dense", "sparse")
    (ap,) = [one for one in found.unchanged if one.what == "ap on labels of crowds/val.xml"]
    assert (ap.before, ap.after, ap.low, ap.high) == ("0.6125", "0.6037", -0.021, 0.004)


def test_the_reverse_has_the_opposite_sign() -> None:
    found = compare_variants(_records.measured(), "sparse", "dense")
    (f_score,) = [one for one in found.improvements if "f_score" in one.field]
    assert (f_score.change, f_score.low, f_score.high) == (0.02, 0.008, 0.032)


def test_numbers_are_read_from_builds_and_from_published_releases(tmp_path: Path) -> None:
    release = make_release(tmp_path / "build/face_detector")
    publish_to(release, f"dir:{tmp_path / 'to'}")
    places = (tmp_path / "build/face_detector", release, tmp_path / "to/face_detector/0.1.0")
    read = [read_measured(place) for place in places]
    assert read[0] == read[1]
    assert read[2][1] == read[0][1]


def test_what_has_no_numbers_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no release and no build"):
        read_measured(tmp_path)
    release = make_release(tmp_path / "build")
    for path in (tmp_path / "build/records").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="has no records beside its release"):
        read_measured(release)
    (tmp_path / "build/records/bench.json").write_text("{}")
    with pytest.raises(RefusedError, match=r"bench\.json is not the record"):
        read_measured(release)
