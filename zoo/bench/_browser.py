"""The targets `browser`: LiteRT's web runtime, and MediaPipe's own, in a page of headless Chromium.

A bridge in Node starts the browser, serves it the page on this machine and passes on what bench and the page say.
Chromium is found as an installed program, never fetched.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from zoo.bench._target import Availability, Target, TargetKind
from zoo.bench._wasm import BUILD_NOTES, web_build
from zoo.bridges import find_chromium
from zoo.errors import InputError, OutsideError
from zoo.sources import litertjs_package, node_binary, tasks_vision_package

_USAGE = "browser, browser:plain, browser:N or browser:tasks"
_NAME = re.compile(r"browser(?::(plain|tasks|[1-9]\d?))?")
_RUNNER = Path(__file__).with_name("_browser_runner.mjs")
_ENDING_SECONDS = 6.0
"""What the bridge may take to end the browser, with its three seconds of patience, and to remove the profile."""


def browser_target(name: str = "browser") -> Target:
    """LiteRT's web runtime in a page, in its relaxed-SIMD, `plain` or threaded build, or `tasks`: MediaPipe's own.

    Raises:
        InputError: the name is none of these, or asks for more threads than there are cores.
        OutsideError: no Chromium, no Node, or no runtime and no registry to fetch it from.
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise InputError(f"target '{name[:100]}' is not known; write {_USAGE}, such as browser:2 for two threads")
    if match[1] == "tasks":
        return _tasks_target(find_chromium())
    build, threads = web_build(match[1])
    cores = os.cpu_count() or 1
    if threads > cores:
        raise InputError(f"target '{name}' asks for {threads} threads where there are {cores} cores; ask for fewer")
    chromium = find_chromium()
    settings = {"runtime": "litert", "build": build, "package": str(litertjs_package())}
    return Target(
        name=name,
        runtime="LiteRT in WebAssembly, in a page of headless Chromium",
        command=_command(chromium, settings),
        threads=threads,
        native=False,
        note=f"{BUILD_NOTES[build]}; called on the page's main thread.",
        grace_seconds=_ENDING_SECONDS,
    )


def _tasks_target(chromium: Path) -> Target:
    settings = {"runtime": "tasks", "package": str(tasks_vision_package()), "python": sys.executable}
    return Target(
        name="browser:tasks",
        runtime="MediaPipe Tasks' FaceDetector in a page of headless Chromium",
        command=_command(chromium, {**settings, "picture": _default_picture()}),
        threads=1,
        native=False,
        note="One call of detect, on a decoded picture, with the CPU delegate, in a browser that draws in software.",
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


def _look() -> list[tuple[str, Availability]]:
    try:
        chromium = find_chromium()
        node_binary()
    except OutsideError as error:
        detail, _, remedy = str(error).partition("; ")
        return [("browser", Availability(False, detail, remedy.removeprefix("run: ")))]
    varieties = {
        "browser": f"LiteRT's web runtime in {chromium}; sparse kernels run here",
        "browser:plain": "the same without relaxed SIMD",
        "browser:2": "the same, threaded",
        "browser:tasks": "MediaPipe's own web runtime, a face detection from begin to end",
    }
    return [(name, Availability(True, words)) for name, words in varieties.items()]


BROWSER = TargetKind(
    usage=_USAGE,
    purpose="LiteRT's or MediaPipe's web runtime in headless Chromium",
    accepts=lambda name: name == "browser" or name.startswith("browser:"),
    prepare=browser_target,
    look=_look,
)
