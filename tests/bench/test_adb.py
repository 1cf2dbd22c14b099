"""The target on an Android phone: Debian's real adb, and a phone that speaks adbd's protocol over TCP."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.bench.conversation import Conversation, Referenced, asking, read_outputs, reference, talking
from tests.bench.fake_phone import FakePhone
from zoo.bench import Effort, _adb, _targets, measure
from zoo.bench._adb import ADB, choose
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
from zoo.bridges import PHONE_FOLDER, Adb, Device
from zoo.errors import InputError, OutsideError
from zoo.progress import SilentProgress

TOOL = Path(__file__).with_name("fake_benchmark_model.py")


@pytest.fixture(scope="module")
def adb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real adb, with a server and keys of its own."""
    program = shutil.which("adb")
    if program is None:
        pytest.skip("adb is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("ANDROID_SERIAL", raising=False)
        patch.delenv(_adb.ADB_VARIABLE, raising=False)
        patch.setattr(_adb, "APPEAR_SECONDS", 0.5)
        subprocess.run([program, "start-server"], check=True, capture_output=True, timeout=60)
        try:
            yield program
        finally:
            # At the end of pytest there are no phones to clean up, and trying would start another server.
            atexit.unregister(_adb.forget)
            subprocess.run([program, "kill-server"], check=False, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the phone's benchmark_model, as one program."""
    path = tmp_path_factory.mktemp("tool") / "android_aarch64_benchmark_model"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {TOOL} "$@"\n')
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def connected(adb: str, phone: FakePhone) -> Iterator[FakePhone]:
    with phone:
        subprocess.run([adb, "connect", phone.serial], check=True, capture_output=True, timeout=60)
        try:
            yield phone
        finally:
            subprocess.run([adb, "disconnect", phone.serial], check=False, capture_output=True, timeout=60)


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

    assert _idle_within(phone, 5)
    assert set(phone.place(PHONE_FOLDER).glob("*/run-*")) == before


def test_a_killed_bridge_leaves_nothing_running(
    phone: FakePhone, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_busy(talk)
        os.killpg(talk.process.pid, signal.SIGKILL)
        talk.process.wait()

    assert _idle_within(phone, 5)


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


def test_a_model_that_the_tool_refuses_fails_with_its_words(
    target: Target, face: Referenced, published_sparse: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.tflite"
    # A version that no runtime reads: the reader here takes it, LiteRT does not.
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


def test_a_tool_that_lies_on_the_phone_is_used(
    adb: str, tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(_adb.TOOL_VARIABLE, raising=False)
    with connected(adb, FakePhone(tmp_path / "root")) as other:
        with pytest.raises(OutsideError, match=r"there is no benchmark_model for the phone; get .* from http"):
            ADB.prepare(f"adb:{other.serial}")
        shutil.copy(tool, other.place(_adb.TOOL_ON_PHONE))

        made = ADB.prepare(f"adb:{other.serial}")
    assert json.loads(made.command[-1])["tool"] == _adb.TOOL_ON_PHONE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("#!/bin/sh\necho 'not executable: 64-bit ELF file'; exit 126\n", "does not run on .* 64-bit ELF file"),
        (
            "#!/bin/sh\necho '--graph=	string --use_profiler=	bool'; exit 1\n",
            "knows no --enable_op_profiling; take",
        ),
    ],
)
def test_a_tool_of_another_kind_is_refused(
    text: str, sentence: str, phone: FakePhone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "benchmark_model"
    other.write_text(text)
    monkeypatch.setenv(_adb.TOOL_VARIABLE, str(other))

    with pytest.raises(OutsideError, match=sentence):
        ADB.prepare(f"adb:{phone.serial}")


def test_a_named_tool_that_is_not_there(phone: FakePhone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_adb.TOOL_VARIABLE, "/no/tool")

    with pytest.raises(OutsideError, match="ZOO_BENCHMARK_MODEL names /no/tool, which is not a file"):
        ADB.prepare(f"adb:{phone.serial}")


def test_an_unknown_serial_is_named_with_what_there_is(phone: FakePhone) -> None:
    with pytest.raises(OutsideError, match=rf"no device HT123 \(it sees: {phone.serial}\)"):
        ADB.prepare("adb:HT123")


def test_a_phone_that_does_not_know_this_computer(adb: str, tmp_path: Path) -> None:
    with FakePhone(tmp_path / "root", authorized=False) as stranger:
        subprocess.run([adb, "connect", stranger.serial], check=False, capture_output=True, timeout=60)
        try:
            with pytest.raises(OutsideError, match=r"has not allowed this computer.*; accept the question"):
                ADB.prepare(f"adb:{stranger.serial}")
        finally:
            subprocess.run([adb, "disconnect", stranger.serial], check=False, capture_output=True, timeout=60)


def test_no_phone_at_all(tmp_path: Path, adb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
    try:
        with pytest.raises(OutsideError, match="adb sees no phone; connect one by USB"):
            ADB.prepare("adb")
    finally:
        subprocess.run([adb, "kill-server"], check=False, capture_output=True, timeout=60)


def test_without_the_program_adb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(_adb.ADB_VARIABLE, raising=False)

    ((_, told),) = ADB.look()
    assert not told.available
    with pytest.raises(OutsideError, match="adb is not installed; install it"):
        ADB.prepare("adb")


def test_a_named_adb_that_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_adb.ADB_VARIABLE, "/no/adb")

    with pytest.raises(OutsideError, match="ZOO_ADB names /no/adb, which is no program"):
        ADB.prepare("adb")


READY, ASLEEP = Device("HT1", "device"), Device("HT2", "offline")


@pytest.mark.parametrize(
    ("devices", "serial", "sentence"),
    [
        ([READY, Device("HT3", "device")], None, r"several devices \(HT1, HT3\); name one as adb:SERIAL"),
        ([ASLEEP], None, "the phone HT2 is offline; unplug it"),
        ([READY, ASLEEP], "HT2", "the phone HT2 is offline"),
        ([Device("HT4", "no permissions (user in plugdev group; are your udev rules wrong?)")], None, "udev rules"),
        ([Device("HT5", "recovery")], None, "state 'recovery'; start Android"),
        ([], "HT6", r"no device HT6 \(it sees: none\)"),
    ],
)
def test_what_adb_lists_is_told_in_one_sentence(devices: list[Device], serial: str | None, sentence: str) -> None:
    with pytest.raises(OutsideError, match=sentence):
        choose(devices, serial)


def test_the_only_phone_that_can_be_used_is_meant() -> None:
    assert choose([ASLEEP, READY], None) == "HT1"


@pytest.mark.parametrize(
    "name", ["adb:", "adb:-s", "adb:HT1;reboot", "adb:$(reboot)", "adb/threads=0", "adb:HT1 x", "adb\n"]
)
def test_a_name_that_could_be_taken_for_more_is_refused(name: str) -> None:
    assert ADB.accepts(name)
    with pytest.raises(InputError, match="is not written as adb"):
        ADB.prepare(name)


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
