"""How long the command takes to start, and to find that a build has nothing to do. Run by hand on a quiet machine.

python benchmarks/start.py                       the light commands
python benchmarks/start.py --out build           also an unchanged `zoo build face_detector` in that folder
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

LIGHT = (["--help"], ["list"], ["doctor"])


def seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "zoo.cli", *arguments], capture_output=True, text=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"zoo {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", help="a build folder that holds a finished build with the default options")
    parser.add_argument("--runs", type=int, default=10)
    asked = parser.parse_args()
    commands = [*LIGHT, *([["build", "face_detector", "--out", asked.out]] if asked.out else [])]
    for arguments in commands:
        # The first run fills the file cache and is left out.
        taken = [seconds(arguments) for _ in range(asked.runs + 1)][1:]
        figures = {"median": statistics.median(taken), "least": min(taken), "most": max(taken), "n": len(taken)}
        print(json.dumps({"command": " ".join(["zoo", *arguments]), "seconds": figures}))


if __name__ == "__main__":
    main()
