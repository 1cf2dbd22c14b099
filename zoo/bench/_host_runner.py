"""Runs models through LiteRT in Python, in a process of its own; see `_target.py` for the conversation.

Started by its path, and copied to other machines, so it imports nothing of this package: Python 3.10 or newer, NumPy
and `ai-edge-litert` are all that it needs. With the argument `elsewhere` it tells of the machine that it runs on.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

_MADE_TYPES = ("float32", "int8", "uint8")
KERNEL_FLAGS = (
    *("sse2", "sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni"),
    *("neon", "asimd", "fphp", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"),
    "v",
)
"""Those of `zoo.machine`, which other machines do not have."""

_COUNTERS = Path("/sys/class/powercap")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


class Refused(Exception):  # noqa: N818
    """This model cannot be run; the text says why."""


def emit(event: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


class LoadedModel:
    """A model ready to run on its inputs."""

    def __init__(self, path: str, *, threads: int, reference: bool = False) -> None:
        # The reference kernels take no delegate, so nothing of XNNPACK is in the numbers to compare with.
        resolver = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        start = time.perf_counter_ns()
        self.interpreter = Interpreter(model_path=path, num_threads=threads, experimental_op_resolver_type=resolver)
        loaded = time.perf_counter_ns()
        self.interpreter.allocate_tensors()
        self.load_ms = (loaded - start) / 1e6
        self.compile_ms = (time.perf_counter_ns() - loaded) / 1e6

    def set_inputs(self, tensors: list[dict[str, Any]], folder: Path) -> None:
        for details, tensor in zip(self.interpreter.get_input_details(), tensors, strict=True):
            values = np.fromfile(folder / tensor["file"], dtype=tensor["dtype"]).reshape(tensor["shape"])
            self.interpreter.set_tensor(details["index"], values)

    def make_inputs(self, folder: Path, seed: int) -> list[dict[str, Any]]:
        """Uniform in [-1, 1] for float32, over the whole range for 8-bit integers; equal shapes get equal bytes."""
        made = []
        for position, details in enumerate(self.interpreter.get_input_details()):
            dtype = np.dtype(details["dtype"]).name
            if dtype not in _MADE_TYPES:
                raise Refused(f"input '{details['name']}' is {dtype}; bench makes {', '.join(_MADE_TYPES)}")
            random = np.random.default_rng([seed, position])
            if dtype == "float32":
                values = random.uniform(-1.0, 1.0, size=details["shape"]).astype(np.float32)
            else:
                count = int(np.prod(details["shape"]))
                values = np.frombuffer(random.bytes(count), dtype=dtype).reshape(details["shape"])
            made.append(_write(folder, f"input-{position}", details["name"], values))
        return made

    def write_outputs(self, folder: Path, stem: str) -> list[dict[str, Any]]:
        written = []
        for position, details in enumerate(self.interpreter.get_output_details()):
            values = self.interpreter.get_tensor(details["index"])
            written.append(_write(folder, f"{stem}-{position}", details["name"], values))
        return written

    def run_ms(self) -> float:
        start = time.perf_counter_ns()
        self.interpreter.invoke()
        return (time.perf_counter_ns() - start) / 1e6


def _write(folder: Path, stem: str, name: str, values: npt.NDArray[Any]) -> dict[str, Any]:
    values.tofile(folder / f"{stem}.bin")
    return {"name": name, "shape": list(values.shape), "dtype": values.dtype.name, "file": f"{stem}.bin"}


class Timing:
    """The task `time`: all models loaded, then commands obeyed until `finish` or the end of standard input."""

    def __init__(self, request: dict[str, Any], counter: Path | None) -> None:
        self.folder = Path(request["folder"])
        self.counter = counter
        self.models: dict[str, LoadedModel] = {}
        for model in request["models"]:
            emit("begin", model=model["name"], doing="load")
            loaded = LoadedModel(model["path"], threads=request["threads"])
            loaded.set_inputs(model["inputs"], Path(model["inputs_folder"]))
            self.models[model["name"]] = loaded
        emit("loaded")

    def obey(self, commands: Iterator[str]) -> bool:
        """Whether `finish` came."""
        for line in commands:
            asked = json.loads(line)
            if asked["command"] == "finish":
                self._finish()
                return True
            if asked["command"] == "run":
                self._run(asked["model"], asked["runs"])
            else:
                self._block(asked["index"], asked["order"], asked["rounds"])
        return False

    def _run(self, name: str, runs: int) -> None:
        emit("begin", model=name, doing="warm-up")
        before = _joules(self.counter)
        taken = [self.models[name].run_ms() for _ in range(runs)]
        after = _joules(self.counter)
        # The counter wraps round: then it shows less than before, and nothing is known.
        spent = after - before if before is not None and after is not None and after >= before else None
        emit("ran", model=name, ms=taken, joules=spent)

    def _block(self, index: int, order: list[str], rounds: int) -> None:
        taken: dict[str, list[float]] = {name: [] for name in order}
        for turn in range(rounds):
            at = turn % len(order)
            for name in order[at:] + order[:at]:
                emit("begin", model=name, doing="block")
                taken[name].append(self.models[name].run_ms())
        for name, ms in taken.items():
            emit("timed", model=name, block=index, ms=ms)

    def _finish(self) -> None:
        for position, (name, loaded) in enumerate(self.models.items()):
            emit("begin", model=name, doing="output check")
            loaded.run_ms()
            emit("outputs", model=name, inputs=[], outputs=loaded.write_outputs(self.folder, f"output-{position}"))


def run_once(request: dict[str, Any]) -> None:
    """The tasks `reference` and `check`: each model by itself, its outputs written."""
    reference = request["task"] == "reference"
    folder = Path(request["folder"])
    for position, model in enumerate(request["models"]):
        emit("begin", model=model["name"], doing="load")
        loaded = LoadedModel(model["path"], threads=request["threads"], reference=reference)
        inputs = loaded.make_inputs(folder, request["seed"]) if reference else model["inputs"]
        loaded.set_inputs(inputs, folder if reference else Path(model["inputs_folder"]))
        emit("begin", model=model["name"], doing="output check")
        loaded.run_ms()
        outputs = loaded.write_outputs(folder, f"output-{position}")
        emit("outputs", model=model["name"], inputs=inputs if reference else [], outputs=outputs)


def run_cold(request: dict[str, Any]) -> None:
    """The task `cold`: one model's start, with what it took of memory."""
    (model,) = request["models"]
    emit("begin", model=model["name"], doing="load")
    _forget_peak()
    before = _status_bytes("VmRSS")
    loaded = LoadedModel(model["path"], threads=request["threads"])
    loaded.set_inputs(model["inputs"], Path(model["inputs_folder"]))
    first_ms = loaded.run_ms()
    emit(
        "cold",
        model=model["name"],
        load_ms=loaded.load_ms,
        compile_ms=loaded.compile_ms,
        first_ms=first_ms,
        before_bytes=before,
        peak_bytes=_status_bytes("VmHWM"),
    )


def _forget_peak() -> None:
    """Have Linux count the highest resident memory anew (proc(5), /proc/pid/clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status_bytes(field: str) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{field}:"):
                return 1024 * int(line.split()[1])
    return None


def energy_counter() -> tuple[Path | None, str]:
    """The processor's own joule counter (Linux powercap), or why there is none to read."""
    packages = sorted(_COUNTERS.glob("*-rapl:[0-9]*")) if _COUNTERS.is_dir() else []
    for package in packages:
        counter = package / "energy_uj"
        if os.access(counter, os.R_OK):
            return counter, ""
    if packages:
        return None, f"only the system's administrator may read {packages[0]}/energy_uj"
    return None, f"{_COUNTERS} has no energy counter on this machine"


def _joules(counter: Path | None) -> float | None:
    if counter is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        return int(counter.read_text(encoding="ascii")) / 1e6
    return None


def describe() -> dict[str, Any]:
    """The machine that runs this."""
    text = ""
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n", maxsplit=1)[0]
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in fields.items()}
    flags = (facts.get("flags") or facts.get("Features") or "").split()
    governor = None
    with contextlib.suppress(OSError):
        governor = _GOVERNOR.read_text(errors="replace").strip()[:200] or None
    memory = None
    with contextlib.suppress(AttributeError, ValueError, OSError):
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1) or None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    model = facts.get("model name") or facts.get("Model") or _board() or platform.processor() or "unknown"
    return {
        "system": f"{platform.system()} {platform.release()}".strip()[:200] or "unknown",
        "arch": platform.machine() or "unknown",
        "cpu_model": model[:200],
        "cores": cores,
        "flags": [flag for flag in KERNEL_FLAGS if flag in flags],
        "governor": governor,
        "memory_gib": memory,
    }


def _board() -> str:
    """ARM processors have no name in /proc/cpuinfo; the device tree names the board that they sit on."""
    with contextlib.suppress(OSError):
        return Path("/proc/device-tree/model").read_text(errors="replace").strip("\0 \n")
    return ""


def main(arguments: list[str]) -> int:
    request = json.loads(sys.stdin.readline())
    counter, energy = energy_counter()
    machine = describe() if "elsewhere" in arguments else None
    version = f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}"
    emit("ready", version=version, machine=machine, energy=energy)
    try:
        if request["task"] == "time":
            if not Timing(request, counter).obey(sys.stdin):
                return 1
        elif request["task"] == "cold":
            run_cold(request)
        else:
            run_once(request)
    except (Refused, ValueError, RuntimeError, OSError) as error:
        emit("failed", reason=" ".join(str(error).split())[:900])
        return 1
    emit("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
