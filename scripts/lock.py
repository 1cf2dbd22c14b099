"""Write constraints.txt anew: the newest versions that fit pyproject.toml on every supported Python, with hashes.

Run it after a change of dependencies: `.venv/bin/python scripts/lock.py`. The file names no registry, so that it
serves everyone who reaches one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "constraints.txt"
HEADER = "# Made by scripts/lock.py; every file that is installed is checked against these hashes.\n"


def resolve() -> str:
    """The resolution of all dependencies for all supported Pythons and systems, as requirement lines."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise SystemExit("uv is not installed; install the project as its README says.")
    with tempfile.TemporaryDirectory() as made:
        # uv resolves through a lock file that names registries; it stays in this folder.
        folder = Path(made)
        shutil.copy(ROOT / "pyproject.toml", folder)
        shutil.copy(ROOT / "README.md", folder)
        (folder / "zoo").mkdir()
        shutil.copy(ROOT / "zoo" / "__init__.py", folder / "zoo")
        command = [uv, "export", "--quiet", "--all-groups", "--no-emit-project", "--no-header", "--no-annotate"]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def main() -> None:
    text = resolve()
    foreign = re.search(r"^.*(://|file:|^-).*$", text, flags=re.MULTILINE)
    if foreign:
        raise SystemExit(f"the resolution names a place: {foreign.group(0)}")
    TARGET.write_text(HEADER + text, encoding="utf-8")


if __name__ == "__main__":
    main()
