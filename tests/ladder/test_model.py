"""A model's ladder starts from its built dense file, else from what training would start from, and says which."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import command, zoo
from tests.processes import running
from zoo.errors import InputError
from zoo.pipeline import LadderOptions, LadderPlan, climb_ladder, make_ladder_plan
from zoo.pipeline._ladder_files import climbable, find_start
from zoo.progress import SilentProgress
from zoo.records import LadderRecord
from zoo.tflite import densified_twin, prune_by_magnitude


def face_plan(out: Path, **given: object) -> LadderPlan:
    options = {"targets": ("host",), "sparsities": (0.5, 0.8), "seconds": 1.0} | given
    return make_ladder_plan(LadderOptions(model="face_detector", out=out, command="zoo ladder", **options))


def test_without_a_build_it_starts_from_what_training_starts_from(tmp_path: Path, published_sparse: Path) -> None:
    start = find_start(face_plan(tmp_path), progress=SilentProgress())
    assert start.file == densified_twin(published_sparse.read_bytes())
    assert "published_sparse, stored dense; 70% of its 1x1 weights were zero already" in start.title


def test_with_a_build_it_starts_from_the_built_dense_file(tmp_path: Path, published_dense: Path) -> None:
    built = tmp_path / "face_detector" / "release" / "face_detector_dense.tflite"
    built.parent.mkdir(parents=True)
    built.write_bytes(published_dense.read_bytes())
    start = find_start(face_plan(tmp_path), progress=SilentProgress())
    assert start.title == "the built dense file face_detector_dense.tflite"
    assert climbable((0.0, 0.5), start) == ((0.0, 0.5), [])


def test_shares_that_add_no_zeros_are_left_out_and_named(tmp_path: Path) -> None:
    start = find_start(face_plan(tmp_path), progress=SilentProgress())
    rungs, left_out = climbable((0.5, 0.8), start)
    assert rungs == (0.8,)
    (sentence,) = left_out
    assert sentence.startswith("0.5 is left out: the ladder starts from published_sparse")
    with pytest.raises(InputError, match=r"give --sparsity more than 0\.70"):
        climbable((0.5,), start)


def test_float16_rungs_are_file_surgery_that_needs_no_tensorflow(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from zoo.pipeline import LadderOptions, climb_ladder, make_ladder_plan\n"
        "from zoo.progress import SilentProgress\n"
        "options = LadderOptions(model='face_detector', out=Path(sys.argv[1]), command='zoo ladder',\n"
        "    targets=('host',), sparsities=(0.8, 0.9), seconds=1.0)\n"
        "climb_ladder(make_ladder_plan(options), progress=SilentProgress())\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=300)
    record = LadderRecord.model_validate_json((tmp_path / "face_detector" / "ladder" / "ladder.json").read_bytes())
    assert record.complete
    assert not record.measured_only
    assert [file.sparsity for file in record.files] == [None, 0.8, 0.9]
    assert record.files[1].verdict.sparse


def test_ctrl_c_while_timing_leaves_a_record_that_is_marked(tmp_path: Path) -> None:
    out = tmp_path / "build"
    arguments = ("ladder", "face_detector", "--sparsity", "0.8", "--on", "host", "--seconds", "600", "--out", str(out))
    with running(command(*arguments), seconds=600) as ladder:
        assert ladder.stderr is not None
        while "ladder: time" not in ladder.stderr.readline():
            assert ladder.poll() is None
        time.sleep(10)
        ladder.send_signal(signal.SIGINT)
        _, said = ladder.communicate(timeout=300)
    assert ladder.returncode == 130
    assert "what was finished is in" in said
    record = LadderRecord.model_validate_json((out / "face_detector" / "ladder" / "ladder.json").read_bytes())
    assert not record.complete
    assert [file.name for file in record.files] == ["float16-dense", "float16-80"]
    (together,) = record.timings
    assert together.targets[0].stopped == "interrupted" if together.targets else together.failed


@pytest.mark.slow
def test_with_pictures_every_rung_is_judged_through_mediapipe(tmp_path: Path, shared_data: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    chosen = sorted((shared_data / "faces").rglob("*.jpg"))[:60]
    for path in chosen:
        shutil.copyfile(path, pictures / path.name)
    plan = face_plan(tmp_path / "build", data=pictures, sparsities=(0.7, 0.95))
    record = climb_ladder(plan, progress=SilentProgress())
    assert record.quality is not None
    scores = {variant.name: variant.metrics["f_score"].value for variant in record.quality.variants}
    assert scores["float16-dense"] == scores["published_sparse"]
    assert scores["float16-95"] < scores["float16-dense"]


@pytest.mark.slow
def test_other_precisions_go_through_keras(tmp_path: Path) -> None:
    record = climb_ladder(face_plan(tmp_path, sparsities=(0.8,), precisions=("float32",)), progress=SilentProgress())
    dense, rung = record.files
    assert dense.file.bytes > 1_500_000
    assert rung.verdict.sparse
    assert prune_by_magnitude((tmp_path / "face_detector" / "ladder" / dense.file.name).read_bytes(), 0.8)
    (target,) = record.timings[0].targets
    assert all(timing.parity is not None and timing.parity.agrees for timing in target.timings)


@pytest.mark.slow
def test_trained_rungs_have_the_quality_of_their_own_build(tmp_path: Path) -> None:
    arguments = ("--train", "--preset", "smoke", "--sparsity", "0.7,0.8", "--on", "host", "--seconds", "1", "--json")
    done = zoo("ladder", "face_detector", *arguments, out=tmp_path / "build")
    assert done.returncode == 0, done.stderr
    record = LadderRecord.model_validate_json(done.stdout)
    assert record.pruning == "trained"
    assert [file.name for file in record.files] == ["float16-dense", "float16-70", "float16-80"]
    assert record.quality is not None
    assert {"float16-dense", "float16-70", "float16-80"} <= {one.name for one in record.quality.variants}
    assert not (tmp_path / "build" / "face_detector" / "release").exists()
