"""The changelog of a release: newest first, what got worse before what got better, and no text of it is markup."""

from __future__ import annotations

from pathlib import Path

from markdown_it import MarkdownIt

from zoo.card import render_changelog
from zoo.records import ReleaseChanges

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} ](javascript:x) \n# Heading\n- item | `code` ![x](http://x)"


def test_versions_and_buckets_stand_in_their_order(tmp_path: Path) -> None:
    entries = [
        ReleaseChanges(
            version="0.2.0", since="0.1.0", improvements=["faster"], regressions=["larger"], added=["a"], unchanged=7
        ),
        ReleaseChanges(version="0.1.0", since=None),
    ]
    text = render_changelog("A model", entries, tmp_path).read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Changes of A model",
        "## 0.2.0",
        "### Worse",
        "### Better",
        "### New",
        "## 0.1.0",
    ]
    assert "7 numbers moved by less." in text
    assert text.endswith("The first release.\n")


def test_no_text_of_it_is_markup(tmp_path: Path) -> None:
    entry = ReleaseChanges(version="0.2.0", since="0.1.0", regressions=[HOSTILE], notes=[HOSTILE])
    text = render_changelog(HOSTILE, [entry], tmp_path).read_text()
    page = MarkdownIt("commonmark").render(text)
    assert "<script" not in page
    assert "href" not in page
    assert "<img" not in page
    assert page.count("<h") == 4, "title, version, and two buckets"
    assert page.count("<li>") == 2
    assert "{{ 7 * 7 }}" in page
