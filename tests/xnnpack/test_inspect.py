"""Inspection of files and bundles: complete, bounded, quick to start."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from tests.xnnpack.cases import file_of
from zoo.errors import InputError, RefusedError
from zoo.records import InspectedFile
from zoo.tflite import gzip_bytes
from zoo.xnnpack import inspect_bundle, inspect_file, inspect_path, require_sparse

SPARSE_FILE, DENSE_FILE = file_of("mean_over_1_2"), file_of("stored_dense")


def bundle(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "model.task"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_record_part_of_the_published_sparse_face_model(published_sparse: Path) -> None:
    found = inspect_file(published_sparse, name="published_sparse")
    data = published_sparse.read_bytes()
    assert found.file.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.file.bytes, found.sparse_tensors, found.operators["CONV_2D"]) == (676_746, 46, 49)
    assert found.gzip_bytes == gzip_bytes(data)
    assert sum(found.weight_bytes.values()) == found.file.bytes
    assert [verdict.target for verdict in found.verdicts] == ["wasm", "arm64", "x86", "x86-avx"]
    stored = [layer for layer in found.layers if layer.stored_sparse]
    assert len(stored) == 46
    assert all(0.65 < layer.sparsity < 0.75 for layer in stored)
    part = TypeAdapter(InspectedFile)
    assert part.validate_json(part.dump_json(found)) == found


def test_bundle_is_told_by_its_content(tmp_path: Path) -> None:
    path = bundle(tmp_path, {"hand_detector.tflite": SPARSE_FILE, "hand_landmarks_detector.tflite": DENSE_FILE})
    found = inspect_path(path, targets=["wasm"])
    assert [part.name for part in found] == ["hand_detector.tflite", "hand_landmarks_detector.tflite"]
    assert [part.verdicts[0].sparse for part in found] == [True, False]
    assert [part.file for part in inspect_bundle(path)] == [part.file for part in found]


def test_require_sparse_refuses_with_the_operator_and_the_remedy(tmp_path: Path) -> None:
    path = bundle(tmp_path, {"a.tflite": SPARSE_FILE, "b.tflite": DENSE_FILE})
    require_sparse(inspect_path(path, targets=["wasm"])[:1])
    with pytest.raises(RefusedError, match=r"b\.tflite does not run sparse on wasm: .*DENSIFY"):
        require_sparse(inspect_path(path, targets=["wasm"]))


@pytest.mark.parametrize("name", ["../up.tflite", "/up.tflite", "C:\\up.tflite", "a/../../b.tflite"])
def test_bundle_with_a_member_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="leads out"):
        inspect_path(bundle(tmp_path, {name: SPARSE_FILE}))


def test_bundle_with_terminal_codes_in_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be printed"):
        inspect_path(bundle(tmp_path, {"\x1b[2J.tflite": SPARSE_FILE}))


def test_bundle_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = tmp_path / "bomb.task"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in range(70):
            archive.writestr(f"{place}.tflite", bytes(1000))
    with pytest.raises(InputError, match="more members than a task bundle"):
        inspect_path(path)


def test_bundle_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.tflite model"):
        inspect_path(bundle(tmp_path, {"readme.txt": b"hello"}))


@pytest.mark.parametrize("cut", [5, 40, 200, 1000])
def test_truncated_bundle_ends_in_one_sentence(tmp_path: Path, cut: int) -> None:
    path = bundle(tmp_path, {"a.tflite": SPARSE_FILE})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match=r"model\.task"):
        inspect_path(path)


def test_missing_file_ends_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        inspect_path(tmp_path / "none.tflite")


def test_inspection_imports_neither_tensorflow_nor_mediapipe_nor_litert(published_sparse: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from zoo.xnnpack import inspect_path;"
        f"inspect_path(Path({str(published_sparse)!r}));"
        "print([name for name in ('tensorflow', 'mediapipe', 'ai_edge_litert', 'scipy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
