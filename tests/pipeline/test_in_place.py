"""A release that lies in its place is left alone while nothing of it changed, whatever card it was given since."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.card import _records
from tests.pipeline.test_engine import provenance
from zoo.pipeline import Stage, StageRun, Store, build_folder, run_stages
from zoo.pipeline._build import _put_in_place
from zoo.pipeline._folders import BuildFolder
from zoo.progress import SilentProgress
from zoo.records import StageRecord
from zoo.release import write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> BuildFolder:
    return build_folder(tmp_path / "build", "face_detector")


def build(folder: BuildFolder, *, file: bytes = b"TFL3", card: str = "built", rerun: str | None = None) -> None:
    """The stage of a release alone, of a file and a card; then what a build puts in place."""

    def work(run: StageRun) -> list[StageRecord]:
        write_release(run.folder, run.progress_folder, file, card)
        return []

    parameters = {"file": file.hex(), "card": card}
    stage = Stage("release", "for a test", "1", work, parameters=parameters)
    before = Stage("adapt", "for a test", "1", lambda run: [_records.adapted()], records=["adapt"])
    outcomes = run_stages(
        [before, stage], store=Store(folder.work), provenance=provenance, progress=SilentProgress(), rerun_from=rerun
    )
    _put_in_place(folder, outcomes)


def write_release(release: Path, records: Path, file: bytes, card: str) -> None:
    release.mkdir(parents=True, exist_ok=True)
    for variant in ("dense", "sparse"):
        (release / f"face_detector_{variant}.tflite").write_bytes(file)
    (release / "README.md").write_text(card)
    (release / "manifest.json").unlink(missing_ok=True)
    made = _records.measured()
    for name, record in made.items():
        (records / f"{name}.json").write_text(record.model_dump_json())
    write_manifest(release, spec=_records.spec(), records=made, records_folder=records, command="zoo build")


def identities(folder: BuildFolder) -> dict[str, tuple[int, str]]:
    files = [*folder.release.rglob("*"), *folder.records.rglob("*")]
    return {
        str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in files
        if path.is_file()
    }


def card_written_again(folder: BuildFolder, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir(exist_ok=True)
    write_release(folder.release, tmp_path / "records", b"TFL3", "from a template")


def test_same_build_again_leaves_card_and_what_was_found_out_as_they_are(folder: BuildFolder, tmp_path: Path) -> None:
    build(folder)
    card_written_again(folder, tmp_path)
    (folder.records / "works_in.json").write_text("{}")
    before = identities(folder)

    build(folder)

    assert identities(folder) == before


def test_what_was_found_out_stays_while_the_files_are_the_same_and_goes_with_them(folder: BuildFolder) -> None:
    build(folder)
    (folder.records / "works_in.json").write_text("{}")

    build(folder, card="other words")
    assert (folder.release / "README.md").read_text() == "other words"
    assert (folder.records / "works_in.json").read_text() == "{}"

    build(folder, file=b"other")
    assert not (folder.records / "works_in.json").exists()


def test_release_of_another_build_is_replaced(folder: BuildFolder) -> None:
    for card in ("one", "two", "one"):
        build(folder, card=card)
        assert (folder.release / "README.md").read_text() == card


@pytest.mark.parametrize("damage", ["altered", "gone", "added"])
def test_release_that_is_not_what_its_manifest_says_is_put_right(
    folder: BuildFolder, tmp_path: Path, damage: str
) -> None:
    build(folder)
    card_written_again(folder, tmp_path)
    card = folder.release / "README.md"
    {
        "altered": lambda: card.write_text("by hand"),
        "gone": card.unlink,
        "added": lambda: (folder.release / "notes.txt").write_text("mine"),
    }[damage]()

    build(folder)

    assert card.read_text() == "built"
    assert not (folder.release / "notes.txt").exists()


def test_release_that_is_asked_for_anew_is_made_anew(folder: BuildFolder, tmp_path: Path) -> None:
    build(folder)
    card_written_again(folder, tmp_path)

    build(folder, rerun="release")

    assert (folder.release / "README.md").read_text() == "built"
