"""One smoke build through the real command, shared by all end-to-end tests that only look at it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

BUILD_SECONDS = 900
"""A smoke build takes one to three minutes on two cores; a machine that is busy with other things takes longer."""


@dataclass(frozen=True)
class Built:
    """A finished command and the folder that it built into."""

    returncode: int
    stdout: str
    stderr: str
    out: Path

    @property
    def folder(self) -> Path:
        return self.out / "face_detector"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "zoo.cli", *arguments]


def zoo(*arguments: str, out: Path, **options: object) -> Built:
    done = subprocess.run(
        command(*arguments, "--out", str(out)),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=out.parent,
        timeout=BUILD_SECONDS,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
        **options,  # type: ignore[call-overload]
    )
    return Built(done.returncode, done.stdout, done.stderr, out)


@pytest.fixture(scope="session")
def smoke_build(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """`zoo build face_detector --preset smoke --json` on the sample pictures, once a session."""
    out = tmp_path_factory.mktemp("smoke") / "build"
    return zoo("build", "face_detector", "--preset", "smoke", "--json", out=out)
