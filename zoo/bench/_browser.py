"""The targets `browser`: LiteRT's web runtime, and MediaPipe's own, in a page of headless Chromium.

A bridge in Node starts the browser, serves it the page on this machine and passes on what bench and the page say.
Chromium is found as an installed program, never fetched.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from zoo.bench._target import Availability, Target, TargetKind
from zoo.errors import InputError, OutsideError
from zoo.sources import litertjs_package, node_binary, tasks_vision_package

CHROMIUM_VARIABLE = "ZOO_CHROMIUM"
"""The path of a Chromium or Chrome, where it has none of the usual names."""

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_REMEDY = f"apt install chromium (Debian), or set {CHROMIUM_VARIABLE} to the program of a Chromium or Chrome"
_USAGE = "browser, browser:plain, browser:THREADS or browser:tasks"
_RUNNER = Path(__file__).with_name("_browser_runner.mjs")
_MOST_THREADS = 64
_ENDING_SECONDS = 6.0
"""What the bridge may take to end the browser, with its three seconds of patience, and to remove the profile."""


def find_chromium() -> Path:
    """The browser's program.

    Raises:
        OutsideError: there is none, with the command that adds it.
    """
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise OutsideError(f"{CHROMIUM_VARIABLE} names {named}, which is no program; correct or unset it")
        return Path(found)
    for program in _PROGRAMS:
        if found := shutil.which(program):
            return Path(found)
    raise OutsideError(f"no Chromium is installed; {_REMEDY}")


def accepts(name: str) -> bool:
    """Whether the name is of this kind."""
    return name == "browser" or name.startswith("browser:")


def prepare(name: str) -> Target:
    """The target of that name; the web runtime is fetched on first use.

    Raises:
        InputError: the name is written wrongly, or asks for more threads than there are cores.
        OutsideError: no Chromium, no Node, or no runtime and no registry to fetch it from.
    """
    variety = name.removeprefix("browser").removeprefix(":")
    threads = _threads(name, variety)
    chromium = find_chromium()
    if variety == "tasks":
        return _tasks_target(chromium)
    build = {"": "relaxed", "plain": "plain"}.get(variety, "threaded")
    settings = {"runtime": "litert", "build": build, "package": str(litertjs_package())}
    note = {
        "relaxed": "One thread, on the page's main thread; the build that the runtime chooses in this browser.",
        "plain": "One thread, on the page's main thread; the build for browsers without relaxed SIMD.",
        "threaded": f"{threads} of the browser's threads; the page must be cross-origin isolated, as this one is.",
    }
    return Target(
        name=name,
        runtime="LiteRT in WebAssembly SIMD, in a page of headless Chromium",
        command=_command(chromium, settings),
        threads=threads,
        native=False,
        note=note[build],
        grace_seconds=_ENDING_SECONDS,
    )


def look() -> list[tuple[str, Availability]]:
    """Each variety with whether it could measure here; nothing is fetched or started."""
    try:
        chromium = find_chromium()
        node_binary()
    except OutsideError as error:
        detail, _, remedy = str(error).partition("; ")
        return [(name, Availability(False, detail, remedy)) for name in ("browser", "browser:tasks")]
    found = f"runs models in a page of {chromium}"
    return [
        ("browser", Availability(True, f"{found}; also as browser:plain and browser:THREADS")),
        ("browser:tasks", Availability(True, f"times MediaPipe's face detector end to end, in a page of {chromium}")),
    ]


def _threads(name: str, variety: str) -> int:
    if variety in ("plain", "tasks") or name == "browser":
        return 1
    if not (variety.isascii() and variety.isdigit() and 1 <= int(variety[:4]) <= _MOST_THREADS):
        raise InputError(f"target '{name[:100]}' is not known; write {_USAGE}")
    threads = int(variety)
    cores = os.cpu_count() or 1
    if threads > cores:
        raise InputError(
            f"target '{name}' asks for {threads} threads, but this machine has {cores} cores; ask for fewer"
        )
    return threads


def _tasks_target(chromium: Path) -> Target:
    settings = {"runtime": "tasks", "package": str(tasks_vision_package()), "python": sys.executable}
    return Target(
        name="browser:tasks",
        runtime="MediaPipe Tasks' FaceDetector in a page of headless Chromium",
        command=_command(chromium, {**settings, "picture": _default_picture()}),
        threads=1,
        native=False,
        note="One call of detect from begin to end, on a decoded picture, with the CPU delegate.",
        end_to_end=True,
        grace_seconds=_ENDING_SECONDS,
    )


def _command(chromium: Path, settings: Mapping[str, str | None]) -> tuple[str, ...]:
    return (str(node_binary()), str(_RUNNER), json.dumps({"chromium": str(chromium), **settings}))


def _default_picture() -> str | None:
    """scikit-image's picture of an astronaut, with one face, found without importing the package."""
    try:
        found = importlib.metadata.distribution("scikit-image").locate_file("skimage/data/astronaut.png")
    except importlib.metadata.PackageNotFoundError:
        return None
    return str(found) if Path(str(found)).is_file() else None


BROWSER = TargetKind(
    usage=_USAGE,
    purpose="LiteRT's or MediaPipe's web runtime in headless Chromium",
    accepts=accepts,
    prepare=prepare,
    look=look,
)
