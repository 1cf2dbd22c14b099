"""docs/ladder.md holds what the records beside it say, and its figures are drawn from them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.ladder.conftest import NAME
from zoo.records import LadderRecord

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
KEPT = sorted((DOCS / "ladder").glob("*-ladder.json"))


@pytest.fixture(scope="module")
def script(project_root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("ladder_reference", project_root / "scripts" / "ladder_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_of_the_page_are_fresh(script: ModuleType) -> None:
    page = (DOCS / "ladder.md").read_text(encoding="utf-8")
    assert script.render(page) == page


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_figures_of_the_page_are_fresh(script: ModuleType, kept: Path) -> None:
    for name, svg in script.figures(LadderRecord.model_validate_json(kept.read_bytes())).items():
        assert (DOCS / "ladder" / name).read_text(encoding="utf-8") == svg


def test_a_measured_ladder_fills_its_table(
    script: ModuleType,
    tiny_ladder: tuple[LadderRecord, Path],
    workplace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(script, "FOLDER", tmp_path / "ladder")
    script.take(workplace / "build")
    page = script.render(f"<!-- ladder: {NAME} -->\nold\n<!-- end -->\n")
    record = LadderRecord.model_validate_json((tmp_path / "ladder" / f"{NAME}-ladder.json").read_bytes())
    for file in record.files:
        assert re.search(rf"^\| {file.name} \| .*{file.file.bytes:,} ", page, flags=re.MULTILINE)
    assert "old" not in page
    assert all(not timing.samples_ms for one in record.timings for t in one.targets for timing in t.timings)


def test_what_was_not_measured_says_so(script: ModuleType) -> None:
    page = script.render("<!-- ladder: nothing -->\n<!-- end -->")
    assert page == "<!-- ladder: nothing -->\nNot measured yet.\n<!-- end -->"
