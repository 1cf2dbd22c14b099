"""The command that records and cards show."""

from __future__ import annotations

import pytest

from zoo.cli._command import command_line


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("/home/someone/pictures", "pictures"),
        ("/home/someone/pictures/", "pictures"),
        ("--out=/srv/builds/today", "--out=today"),
        ("dir:/srv/releases", "dir:releases"),
        ("pictures/faces", "pictures/faces"),
        ("hf:ORG/NAME", "hf:ORG/NAME"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("/", "/"),
    ],
)
def test_where_folders_lie_on_this_machine_stays_out_of_records(
    argument: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["zoo", "build", "face_detector", "--data", argument])
    assert command_line() == f"zoo build face_detector --data {shown}"
