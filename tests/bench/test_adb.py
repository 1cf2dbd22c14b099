"""The target on an Android phone: Debian's real adb, and a phone that speaks adbd's protocol over TCP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.bench.conversation import Conversation, Referenced, asking, read_outputs, reference, talking
from tests.bench.fake_phone import FakePhone
from tests.bench.phones import TOOL, connected, running_adb, tool_program
from zoo.bench import Effort, _adb, _targets, measure
from zoo.bench._adb import ADB
from zoo.bench._messages import (
    Begin,
    Block,
    Cold,
    Done,
    Failed,
    Finish,
    Kernels,
    Loaded,
    Outputs,
    Ran,
    Ready,
    Run,
    Timed,
)
from zoo.bench._target import Target
from zoo.bridges import PHONE_FOLDER, Adb
from zoo.progress import SilentProgress


@pytest.fixture(scope="module")
def adb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_adb(tmp_path_factory.mktemp("home")) as program:
        yield program


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tool_program(tmp_path_factory.mktemp("tool"))


@pytest.fixture(scope="module")
def phone(adb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakePhone]:
    with connected(adb, FakePhone(tmp_path_factory.mktemp("phone") / "root")) as made:
        yield made


@pytest.fixture(scope="module")
def target(phone: FakePhone, tool: Path) -> Iterator[Target]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_adb.TOOL_VARIABLE, str(tool))
        yield ADB.prepare(f"adb:{phone.serial}/threads=2")


@pytest.fixture(scope="module")
def face(published_sparse: Path, tmp_path_factory: pytest.TempPathFactory) -> Referenced:
    return reference("face", published_sparse, tmp_path_factory.mktemp("face"))


def test_outputs_and_kernels_come_back_from_the_phone(target: Target, face: Referenced, tmp_path: Path) -> None:
    with talking(target.command, asking("check", [face.asked], tmp_path)) as talk:
        events = list(talk.events())

    assert [type(event) for event in events] == [Ready, Begin, Begin, Kernels, Outputs, Done]
    told, kernels = events[4], events[3]
    assert isinstance(told, Outputs)
    for found, wanted in zip(read_outputs(told, tmp_path), face.answers, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-3, rtol=1e-3)
    assert isinstance(kernels, Kernels)
    assert kernels.sparse == 46


def test_a_dense_file_has_no_sparse_kernels(target: Target, published_dense: Path, tmp_path: Path) -> None:
    dense = reference("dense", published_dense, tmp_path / "inputs")
    with talking(target.command, asking("check", [dense.asked], tmp_path)) as talk:
        (kernels,) = [event for event in talk.events() if isinstance(event, Kernels)]

    assert kernels.sparse == 0


def test_the_phone_is_described(target: Target, face: Referenced, tmp_path: Path) -> None:
    with talking(target.command, asking("check", [face.asked], tmp_path)) as talk:
        ready = talk.next()

    assert isinstance(ready, Ready)
    assert ready.machine is not None
    assert ready.machine.cpu_model == "Google Pixel 4 (msmnile)"
    assert ready.machine.system.startswith("Android 13, Linux ")
    assert ready.machine.flags == ["asimd", "fphp", "asimdhp", "asimddp"]
    assert (ready.machine.cores, ready.machine.governor, ready.machine.memory_gib) == (8, "schedutil", 5.4)
    assert ready.version.startswith("benchmark_model, SHA-256 ")


def test_commands_are_obeyed_in_order(target: Target, face: Referenced, tmp_path: Path) -> None:
    again = face.asked.model_copy(update={"name": "again"})
    with talking(target.command, asking("time", [face.asked, again], tmp_path)) as talk:
        before = [type(event) for event in iter(talk.next, Loaded(event="loaded"))]
        talk.command(Run(model="face", runs=3))
        talk.command(Block(index=0, order=["again", "face"], rounds=5))
        talk.command(Finish())
        after = [event for event in talk.events() if not isinstance(event, Begin)]

    assert before == [Ready, Begin, Begin]
    assert [type(event) for event in after] == [Ran, Timed, Timed, Outputs, Outputs, Done]
    ran, timed = after[0], after[1]
    assert isinstance(ran, Ran)
    assert len(ran.ms) == 3
    assert isinstance(timed, Timed)
    assert (timed.model, len(timed.ms)) == ("again", 1)


def test_a_cold_start_has_times_and_memory(target: Target, face: Referenced, tmp_path: Path) -> None:
    with talking(target.command, asking("cold", [face.asked], tmp_path)) as talk:
        (cold,) = [event for event in talk.events() if isinstance(event, Cold)]

    assert cold.compile_ms > 0
    assert cold.first_ms > 0
    assert cold.before_bytes is not None
    assert cold.peak_bytes is not None
    assert cold.peak_bytes > cold.before_bytes


def test_nothing_of_a_run_stays_and_the_session_goes_later(
    adb: str, tool: Path, face: Referenced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(_adb.TOOL_VARIABLE, str(tool))
    with connected(adb, FakePhone(tmp_path / "root")) as other:
        fresh = ADB.prepare(f"adb:{other.serial}")
        session = json.loads(fresh.command[-1])["session"]
        folder = other.place(f"{PHONE_FOLDER}/{session}")
        sent = []
        for _ in range(2):
            with talking(fresh.command, asking("check", [face.asked], tmp_path)) as talk:
                assert isinstance(list(talk.events())[-1], Done)
                talk.process.wait(timeout=10)
            sent.append({path.name: path.stat().st_ino for path in (folder / "files").iterdir()})

        assert sent[0] == sent[1]
        assert {path.name.partition("-")[0] for path in folder.iterdir()} == {"benchmark_model", "files"}
        assert ADB.prepare(f"adb:{other.serial}").command == fresh.command
        _adb.forget(Adb(adb, other.serial), session)
        assert not other.place(PHONE_FOLDER).exists()


def test_bench_going_away_ends_what_the_phone_does(
    phone: FakePhone, target: Target, face: Referenced, tmp_path: Path
) -> None:
    before = set(phone.place(PHONE_FOLDER).glob("*/run-*"))
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_busy(talk)
        assert set(phone.place(PHONE_FOLDER).glob("*/run-*")) > before
        talk.close()
        talk.process.wait(timeout=target.grace_seconds)

    assert _idle_within(phone, 30)
    assert set(phone.place(PHONE_FOLDER).glob("*/run-*")) == before


def test_a_killed_bridge_leaves_nothing_running(
    phone: FakePhone, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_busy(talk)
        os.killpg(talk.process.pid, signal.SIGKILL)
        talk.process.wait()

    assert _idle_within(phone, 30)


def test_a_tool_that_crashes_names_the_signal(
    phone: FakePhone, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_busy(talk)
        for pid in _running(phone):
            os.kill(pid, signal.SIGSEGV)
        begun, last = list(talk.events())[-2:]

    assert begun == Begin(event="begin", model="face", doing="block")
    assert isinstance(last, Failed)
    assert "ended by SIGSEGV" in last.reason


def test_a_damaged_model_fails_in_one_sentence(
    target: Target, face: Referenced, published_sparse: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(published_sparse.read_bytes()[:4096])
    asked = face.asked.model_copy(update={"path": str(broken)})
    with talking(target.command, asking("check", [asked], tmp_path)) as talk:
        last = list(talk.events())[-1]

    assert isinstance(last, Failed)
    assert "damaged" in last.reason


@pytest.mark.slow
def test_a_whole_bench_counts_sparse_kernels(
    phone: FakePhone,
    tool: Path,
    published_dense: Path,
    published_sparse: Path,
    twin: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_targets, "KINDS", (ADB,))
    monkeypatch.setenv(_adb.TOOL_VARIABLE, str(tool))
    result = measure(
        {"dense": published_dense, "sparse": published_sparse, "twin": twin},
        targets=[f"adb:{phone.serial}"],
        ratios=[("sparse", "dense")],
        effort=Effort(blocks=12, cold_starts=2),
        progress=SilentProgress(),
    )

    assert result.failed == []
    (measured,) = result.targets
    assert all(timing.parity is not None and timing.parity.agrees for timing in measured.timings)
    assert all(timing.cold is not None and timing.n for timing in measured.timings)
    assert {count.name: count.sparse for count in measured.kernels} == {"dense": 0, "sparse": 46, "twin": 0}
    assert measured.engaged
    assert measured.machine.cpu_model == "Google Pixel 4 (msmnile)"


def test_a_phone_that_goes_away_is_one_sentence(adb: str, tool: Path, face: Referenced, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, connected(adb, FakePhone(tmp_path / "root")) as other:
        patch.setenv(_adb.TOOL_VARIABLE, str(tool))
        made = ADB.prepare(f"adb:{other.serial}")
        with talking(made.command, asking("time", [face.asked], tmp_path)) as talk:
            _until_busy(talk)
            subprocess.run([adb, "disconnect", other.serial], check=True, capture_output=True, timeout=60)
            last = list(talk.events())[-1]

    assert isinstance(last, Failed)
    assert other.serial in last.reason


def test_a_phone_whose_shell_tells_no_status(adb: str, tool: Path, face: Referenced, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_adb.TOOL_VARIABLE, str(tool))
        with connected(adb, FakePhone(tmp_path / "root", shell_v2=False)) as old:
            made = ADB.prepare(f"adb:{old.serial}")
            with talking(made.command, asking("check", [face.asked], tmp_path)) as talk:
                assert isinstance(list(talk.events())[-1], Done)


def _until_busy(talk: Conversation) -> None:
    """The tool runs on the phone, for long."""
    for event in talk.events():
        if isinstance(event, Loaded):
            break
    talk.command(Block(index=0, order=["face"], rounds=10_000))
    time.sleep(1.5)


def _running(phone: FakePhone) -> list[int]:
    """The processes of the tool."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(TOOL).encode() in path.read_bytes() and str(phone.root) in str((path.parent / "cwd").readlink()):
                found.append(int(path.parent.name))
    return found


def _idle_within(phone: FakePhone, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _running(phone):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
