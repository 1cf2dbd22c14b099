"""A release outlives the version of this package that made it: another one still checks, fetches and compares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.release._releases import as_of_another_version, make_release, publish_to, with_f_score
from zoo.cli._main import run
from zoo.errors import InputError
from zoo.progress import SilentProgress
from zoo.release import pull, read_manifest, read_measured, verify_release


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry whose 0.1.0 is of another version of this package."""
    place = tmp_path / "registry"
    publish_to(make_release(tmp_path / "first"), f"dir:{place}")
    as_of_another_version(place / "face_detector/0.1.0")
    return place


def test_it_is_checked_and_fetched(registry: Path, tmp_path: Path) -> None:
    assert verify_release(registry / "face_detector/0.1.0").version == "0.1.0"
    pulled = pull(f"dir:{registry}/face_detector", to=tmp_path / "mine", key=None, progress=SilentProgress())
    assert pulled.manifest.zoo_version == "9.0.0"
    with pytest.raises(InputError, match=r"was made by mediapipe-zoo 9\.0\.0, whose spec this version does not read"):
        pulled.manifest.model_spec()


def test_pull_says_so_without_the_code(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pull", f"dir:{registry}/face_detector", "--to", str(tmp_path / "mine")]) == 0
    out = capsys.readouterr().out
    assert "its card is card.html" in out
    assert "import mediapipe" not in out


def test_it_is_compared_by_what_both_versions_read(registry: Path, tmp_path: Path) -> None:
    _, records = read_measured(registry / "face_detector/0.1.0")
    assert "bench" not in records
    assert "quality" in records
    changed = {"quality": with_f_score(0.95, 0.94, 0.96)}
    publish_to(make_release(tmp_path / "next", version="0.2.0", changed=changed), f"dir:{registry}")
    (entry, _) = read_manifest(registry / "face_detector/0.2.0").changes
    assert [line.split(" 0.")[0] for line in entry.improvements] == ["sparse: f score"]
    assert entry.notes == ["The first has no bench record that this version of the tool reads."]
