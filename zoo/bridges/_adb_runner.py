"""The runner of an Android phone: brings files over with adb, runs `benchmark_model`, reads what it prints.

`python -m zoo.bridges._adb_runner SETTINGS`, where the settings are JSON: `adb`, the program; `serial`, the phone's;
`tool`, the path of `benchmark_model` on the phone; `version`, what it is called; `session`, the folder there that the
processes of one bench share.

`benchmark_model` runs one model a process and tells of several inferences only their median, mean and extremes. So a
block is one process for each model, in the block's order, each warmed up, and `timed` is one number for each: the
median of its inferences there. `ran` gives the mean as often as there were inferences. Operators are profiled only in
`check`, because profiling takes time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import secrets
import shlex
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from zoo.bridges._adb import PHONE_FOLDER, Adb
from zoo.bridges._adb_report import MACHINE_COMMAND, Report, read_errors, read_machine, read_report, why_failed
from zoo.bridges._errors import BridgeError
from zoo.errors import ZooError

TOOL_SECONDS = 100.0
"""One process of `benchmark_model`; it stops by itself somewhat earlier."""

_WARM_UP = ("--warmup_runs=2", "--warmup_min_secs=0.2")
_COLD = ("--warmup_runs=1", "--warmup_min_secs=0", "--report_peak_memory_footprint=true")
_ABOUT = (
    "benchmark_model times reading the file and making it ready together, so all of it stands under making it ready."
)


@dataclass(frozen=True)
class Output:
    """An output of a model, as its file tells."""

    name: str
    shape: list[int]
    dtype: str
    size: int


@dataclass(frozen=True)
class Loaded:
    """A model on the phone: `flags` give it to `benchmark_model` with its inputs."""

    flags: list[str]
    outputs: list[Output]


def emit(event: str, **fields: object) -> None:
    """Say an event to bench."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


class Phone:
    """The session's folder on a phone, with one of this process alone in it, which `leave` removes."""

    def __init__(self, adb: Adb, settings: dict[str, Any]) -> None:
        self.adb = adb
        self._tool = str(settings["tool"])
        self._home = f"{PHONE_FOLDER}/{settings['session']}"
        self._run = f"run-{secrets.token_hex(8)}"
        made = adb.checked_shell(f"mkdir -p {self._home}/{self._run} {self._home}/files && ls {self._home}/files")
        self._there = set(made.split())

    def send(self, path: Path, ending: str) -> str:
        """Copy a file to the phone unless it is there; its path there, from the session's folder."""
        name = hashlib.sha256(path.read_bytes()).hexdigest() + ending
        if name not in self._there:
            part = f"{self._home}/{self._run}/{name}"
            self.adb.push(path, part)
            self.adb.checked_shell(f"mv {part} {self._home}/files/{name}")
            self._there.add(name)
        return f"files/{name}"

    def benchmark(self, model: Loaded, threads: int, *flags: str) -> tuple[Report, str]:
        """One process of `benchmark_model`, with XNNPACK: its report, and all that it printed."""
        arguments = [self._tool, *model.flags, "--use_xnnpack=true", f"--num_threads={threads}", "--min_secs=0"]
        words = shlex.join([*arguments, f"--max_secs={0.5 * TOOL_SECONDS:.0f}", *flags])
        # The shell gets SIGHUP when adb goes away; what it started would go on.
        line = f"cd {self._home} || exit 1\n{words} &\np=$!\ntrap 'kill -9 $p; exit 129' HUP TERM\nwait $p"
        status, said = self.adb.shell(line, seconds=TOOL_SECONDS)
        report = read_report(said)
        if status or report is None:
            raise BridgeError(why_failed(status, said))
        return report, said

    def output_flag(self) -> str:
        return f"--output_filepath={self._run}/outputs"

    def fetch_outputs(self, model: Loaded, folder: Path, stem: str) -> list[dict[str, Any]]:
        """The outputs of the process before, one after another in one file, as files of `folder`."""
        together = folder / f"{stem}-all.bin"
        self.adb.pull(f"{self._home}/{self._run}/outputs", together)
        wanted, found = sum(output.size for output in model.outputs), together.stat().st_size
        if found != wanted:
            together.unlink()
            raise BridgeError(f"benchmark_model wrote {found} bytes of outputs, where the file's shapes make {wanted}")
        data = together.read_bytes()
        together.unlink()
        told = []
        for position, output in enumerate(model.outputs):
            (folder / f"{stem}-{position}.bin").write_bytes(data[: output.size])
            data = data[output.size :]
            told.append(
                {"name": output.name, "shape": output.shape, "dtype": output.dtype, "file": f"{stem}-{position}.bin"}
            )
        return told

    def machine(self) -> dict[str, Any]:
        return read_machine(self.adb.checked_shell(MACHINE_COMMAND))

    def leave(self) -> None:
        """Remove what is of this process alone."""
        with contextlib.suppress(BridgeError):
            self.adb.resume()
            self.adb.shell(f"rm -rf {self._home}/{self._run}")


class Conversation:
    """A request, served."""

    def __init__(self, phone: Phone, request: dict[str, Any], commands: queue.Queue[str | None]) -> None:
        self._phone = phone
        self._request = request
        self._folder = Path(request["folder"])
        self._threads = int(request["threads"])
        self._commands = commands

    def serve(self) -> None:
        models = {model["name"]: self._load(model) for model in self._request["models"]}
        if self._request["task"] == "cold":
            self._cold(*models.popitem())
        elif self._request["task"] == "check":
            for position, (name, model) in enumerate(models.items()):
                self._check(name, model, position)
        else:
            emit("loaded")
            while not self._obey(models):
                pass
        emit("done")

    def _load(self, model: dict[str, Any]) -> Loaded:
        emit("begin", model=model["name"], doing="load")
        there = self._phone.send(Path(model["path"]), ".tflite")
        # Names of our own: those in the file may hold what the flags take for separators.
        names = [f"input{position}" for position in range(len(model["inputs"]))]
        shapes = [",".join(str(size) for size in tensor["shape"]) for tensor in model["inputs"]]
        here = Path(model["inputs_folder"])
        files = [self._phone.send(here / tensor["file"], ".bin") for tensor in model["inputs"]]
        flags = [
            f"--graph={there}",
            f"--input_layer={','.join(names)}",
            f"--input_layer_shape={':'.join(shapes)}",
            "--input_layer_value_files=" + ",".join(f"{name}:{file}" for name, file in zip(names, files, strict=True)),
        ]
        return Loaded(flags, read_outputs(Path(model["path"])))

    def _check(self, name: str, model: Loaded, position: int) -> None:
        emit("begin", model=name, doing="output check")
        flags = ("--num_runs=2", "--enable_op_profiling=true", self._phone.output_flag())
        report, said = self._phone.benchmark(model, self._threads, *_WARM_UP, *flags)
        for line in read_errors(said):
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
        outputs = self._phone.fetch_outputs(model, self._folder, f"output-{position}")
        if report.sparse is not None:
            emit("kernels", model=name, sparse=report.sparse, how="SPMM operators in XNNPACK's own profile")
        emit("outputs", model=name, inputs=[], outputs=outputs)

    def _cold(self, name: str, model: Loaded) -> None:
        emit("begin", model=name, doing="load")
        report, _ = self._phone.benchmark(model, self._threads, *_COLD, "--num_runs=1")
        peak, added = report.peak_bytes, report.added_bytes
        emit(
            "cold",
            model=name,
            load_ms=0.0,
            compile_ms=report.init_ms,
            first_ms=report.first_ms,
            before_bytes=max(0, peak - added) if peak is not None and added is not None else None,
            peak_bytes=peak,
        )

    def _obey(self, models: dict[str, Loaded]) -> bool:
        """Whether that was the last command."""
        line = self._commands.get()
        if line is None:
            raise BridgeError("bench went away")
        asked = json.loads(line)
        if asked["command"] == "finish":
            for position, (name, model) in enumerate(models.items()):
                emit("begin", model=name, doing="output check")
                self._phone.benchmark(model, self._threads, *_WARM_UP, "--num_runs=1", self._phone.output_flag())
                outputs = self._phone.fetch_outputs(model, self._folder, f"output-{position}")
                emit("outputs", model=name, inputs=[], outputs=outputs)
            return True
        if asked["command"] == "run":
            emit("begin", model=asked["model"], doing="warm-up")
            report = self._time(models[asked["model"]], asked["runs"])
            emit("ran", model=asked["model"], ms=[report.mean_ms] * report.runs)
            return False
        taken = {}
        for name in asked["order"]:
            emit("begin", model=name, doing="block")
            taken[name] = self._time(models[name], asked["rounds"]).typical_ms
        for name, ms in taken.items():
            emit("timed", model=name, block=asked["index"], ms=[ms])
        return False

    def _time(self, model: Loaded, runs: int) -> Report:
        report, _ = self._phone.benchmark(model, self._threads, *_WARM_UP, f"--num_runs={runs}")
        return report


def read_outputs(path: Path) -> list[Output]:
    """The outputs of a model's file, in the order in which `benchmark_model` writes them."""
    import numpy as np

    from zoo.tflite import read_model

    model = read_model(path)
    outputs = []
    for tensor in (model.tensors[index] for index in model.outputs):
        dtype = tensor.dtype.lower()
        size = int(np.prod(tensor.shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        outputs.append(Output(tensor.name, list(tensor.shape), dtype, size))
    return outputs


def listen(commands: queue.Queue[str | None], adb: Adb) -> None:
    """Queue bench's lines; at their end stop what the phone does."""
    for line in sys.stdin:
        commands.put(line)
    adb.stop()
    commands.put(None)


def main(arguments: list[str]) -> int:
    """Serve one request; the exit status is 0 where all of it was answered."""
    settings = json.loads(arguments[0])
    signal.signal(signal.SIGTERM, _leave)
    request = json.loads(sys.stdin.readline())
    adb = Adb(settings["adb"], settings["serial"])
    commands: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=listen, args=(commands, adb), daemon=True).start()
    phone: Phone | None = None
    try:
        phone = Phone(adb, settings)
        emit("ready", version=settings["version"], machine=phone.machine(), about=_ABOUT)
        Conversation(phone, request, commands).serve()
        return 0
    except BridgeError as error:
        emit("failed", reason=str(error)[:900])
    except (ZooError, OSError, ValueError, TypeError) as error:
        emit("failed", reason=f"{error}"[:900])
    finally:
        if phone is not None:
            phone.leave()
    return 1


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
