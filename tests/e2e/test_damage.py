"""Files that rotted or were changed behind the build's back are never used, and never made good by a new manifest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Built, zoo
from tests.e2e.test_build import SMOKE, SPARSE, copy_of, sha256
from zoo.pipeline import read_records
from zoo.records import InspectRecord
from zoo.release import verify_release


def flip_one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_bit_flipped_in_the_stored_release_never_reaches_the_release(smoke_build: Built, tmp_path: Path) -> None:
    out = copy_of(smoke_build, tmp_path)
    folder = out / "face_detector"
    flip_one_bit(next(folder.glob("work/store/release/*/face_detector_sparse.tflite")))

    done = zoo(*SMOKE, out=out)

    assert done.returncode == smoke_build.returncode, done.stderr
    assert [stage["name"] for stage in json.loads(done.stdout)["stages"] if stage["ran"]] == ["release"]
    assert "release: what was kept of it cannot be used" in done.stderr
    verify_release(folder / "release")
    assert sha256(folder / SPARSE) == sha256(smoke_build.folder / SPARSE)


def test_changed_record_in_the_store_is_measured_anew(smoke_build: Built, tmp_path: Path) -> None:
    out = copy_of(smoke_build, tmp_path)
    record = next((out / "face_detector").glob("work/store/inspect/*/records/inspect.json"))
    text = record.read_text(encoding="utf-8")
    record.write_text(re.sub(r'"pointwise_sparsity": 0\.\d+', '"pointwise_sparsity": 0.99', text), encoding="utf-8")

    done = zoo(*SMOKE, out=out)

    assert "inspect: what was kept of it cannot be used" in done.stderr
    measured = [read_records(folder / "records")["inspect"] for folder in (out / "face_detector", smoke_build.folder)]
    assert all(isinstance(record, InspectRecord) for record in measured)
    assert measured[0].files == measured[1].files


def test_bit_flipped_in_the_release_in_place_is_mended_by_the_same_command(smoke_build: Built, tmp_path: Path) -> None:
    out = copy_of(smoke_build, tmp_path)
    flip_one_bit(out / "face_detector" / SPARSE)

    assert zoo(*SMOKE, out=out).returncode == smoke_build.returncode

    assert sha256(out / "face_detector" / SPARSE) == sha256(smoke_build.folder / SPARSE)


@pytest.mark.parametrize("damaged", ["records/bench.json", SPARSE])
@pytest.mark.parametrize("asked", ["card", "demo"])
def test_changed_file_of_a_build_is_not_vouched_for(
    smoke_build: Built, tmp_path: Path, damaged: str, asked: str
) -> None:
    if (asked, damaged) == ("demo", "records/bench.json"):
        pytest.skip("a demo reads no record")
    out = copy_of(smoke_build, tmp_path)
    flip_one_bit(out / "face_detector" / damaged)

    done = zoo(asked, "face_detector", out=out)

    assert done.returncode == 1
    assert Path(damaged).name in done.stderr
    assert "build the model again" in done.stderr
