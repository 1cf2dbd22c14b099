"""How long the light commands take, start to end, and a build that has nothing to do. Run by hand on a quiet machine.

python benchmarks/start.py                       the light commands, and `zoo inspect` on a model of 6.4 MB
python benchmarks/start.py --out build           also an unchanged `zoo build face_detector` in that folder
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ZOO = Path(sys.executable).with_name("zoo")
LIGHT = (["--help"], ["list"], ["doctor"])


def pose_landmarks() -> Path:
    """The largest file that the mediapipe package ships, found without importing it."""
    package = find_spec("mediapipe")
    if package is None or not package.submodule_search_locations:
        sys.exit("mediapipe is not installed; its pose landmark model is what zoo inspect is timed on")
    return Path(package.submodule_search_locations[0]) / "modules/pose_landmark/pose_landmark_full.tflite"


def seconds(arguments: list[str], compiled: str) -> tuple[float, float]:
    """Start to end, and the processor's time in the command itself. `compiled`: a folder for Python's bytecode."""
    # As for a user, whose second run finds every module compiled, also where the environment forbids to write that.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [ZOO, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PYTHONPYCACHEPREFIX": compiled},
    )
    taken = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"zoo {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return taken, after.ru_utime - before.ru_utime


def figures(taken: list[float]) -> dict[str, float]:
    return {name: round(of(taken), 3) for name, of in (("median", statistics.median), ("least", min), ("most", max))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", help="a build folder that holds a finished build with the default options")
    parser.add_argument("--runs", type=int, default=20)
    asked = parser.parse_args()
    inspect = ["inspect", str(pose_landmarks())]
    commands = [*LIGHT, inspect, *([["build", "face_detector", "--out", asked.out]] if asked.out else [])]
    with tempfile.TemporaryDirectory() as compiled:
        for arguments in commands:
            # The first run fills the caches of files and of bytecode, and is left out.
            taken = [seconds(arguments, compiled) for _ in range(asked.runs + 1)][1:]
            command = " ".join(["zoo", *(Path(argument).name for argument in arguments)])
            wall, user = (figures(list(part)) for part in zip(*taken, strict=True))
            print(json.dumps({"command": command, "runs": len(taken), "seconds": wall, "user_seconds": user}))


if __name__ == "__main__":
    main()
