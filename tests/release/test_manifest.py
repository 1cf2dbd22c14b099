"""The manifest names every file by content, and reading it holds the folder against it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.release._releases import make_release
from zoo.errors import InputError, RefusedError
from zoo.release import read_manifest
from zoo.spec import spec_sha256


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return make_release(tmp_path)


def rewrite(release: Path, **changes: Any) -> None:
    path = release / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_it_lists_every_file_and_what_the_release_was_made_from(release: Path) -> None:
    manifest = read_manifest(release)
    assert [file.path for file in manifest.files] == ["README.md", "face_detector_sparse.tflite", "figures/size.svg"]
    for file in manifest.files:
        content = (release / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert manifest.spec_sha256 == spec_sha256(manifest.model_spec())
    assert manifest.records["bench"] == hashlib.sha256((release.parent / "records/bench.json").read_bytes()).hexdigest()
    assert {reference.name for reference in manifest.references} == {"published_dense", "published_sparse"}
    assert not manifest.sample_data


def test_the_same_release_has_the_same_manifest(release: Path, tmp_path: Path) -> None:
    again = make_release(tmp_path / "again")
    assert (again / "manifest.json").read_bytes() == (release / "manifest.json").read_bytes()


def test_a_changed_file_is_refused(release: Path) -> None:
    (release / "figures/size.svg").write_text("<SVG/>")
    with pytest.raises(RefusedError, match=r"size\.svg is not the file"):
        read_manifest(release)


def test_a_missing_file_is_refused(release: Path) -> None:
    (release / "README.md").unlink()
    with pytest.raises(RefusedError, match=r"README\.md is in the manifest but not there"):
        read_manifest(release)


def test_an_unlisted_file_is_refused(release: Path) -> None:
    (release / "extra.bin").write_bytes(b"x")
    with pytest.raises(RefusedError, match=r"extra\.bin is not in the manifest"):
        read_manifest(release)


def test_a_link_is_refused(release: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (release / "README.md").unlink()
    (release / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="link or special file"):
        read_manifest(release)


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "a//b", "./a", "a\\b", "C:a", "a\nb", "", "manifest.json"]
)
def test_a_path_that_leaves_the_release_is_not_valid(release: Path, path: str) -> None:
    file = {"path": path, "bytes": 1, "sha256": "0" * 64}
    rewrite(release, files=[file])
    with pytest.raises(InputError, match=r"field 'files\.0\.path'"):
        read_manifest(release)


@pytest.mark.parametrize("name", ["../bench", "/etc/passwd", "", "Bench", "a/b"])
def test_a_record_that_leaves_the_release_is_not_valid(release: Path, name: str) -> None:
    rewrite(release, records={name: "0" * 64})
    with pytest.raises(InputError, match="field 'records"):
        read_manifest(release)


@pytest.mark.parametrize(
    "change", [{"model": "../evil"}, {"version": "../../1.0.0"}, {"version": "1.0"}, {"version": "٠.١.٠"}]
)
def test_names_that_could_lead_elsewhere_are_not_valid(release: Path, change: dict[str, str]) -> None:
    rewrite(release, **change)
    with pytest.raises(InputError, match=f"field '{next(iter(change))}'"):
        read_manifest(release)


@pytest.mark.parametrize(
    "change", [{"title": "a\u202eb"}, {"title": "a\x1b[2Jb"}, {"title": "two\nlines"}, {"licence": "mit\x00"}]
)
def test_text_that_is_not_what_a_reader_sees_is_not_valid(release: Path, change: dict[str, str]) -> None:
    rewrite(release, **change)
    with pytest.raises(InputError, match=f"field '{next(iter(change))}'"):
        read_manifest(release)


def test_a_spec_that_is_not_the_hashed_one_is_not_valid(release: Path) -> None:
    rewrite(release, spec_sha256="0" * 64)
    with pytest.raises(InputError, match="spec_sha256 is not the hash of spec"):
        read_manifest(release)


@pytest.mark.parametrize("content", ["", "[]", "{", "null", '{"format": 2}', "[" * 100_000])
def test_what_is_not_a_manifest_is_told_in_one_sentence(release: Path, content: str) -> None:
    (release / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json: field") as caught:
        read_manifest(release)
    assert "\n" not in str(caught.value)


def test_a_huge_manifest_is_not_read(release: Path) -> None:
    with (release / "manifest.json").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(InputError, match="larger than"):
        read_manifest(release)


def test_a_folder_without_manifest_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no manifest\.json"):
        read_manifest(tmp_path)
