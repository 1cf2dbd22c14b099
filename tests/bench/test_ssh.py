"""The target behind ssh, against a real sshd on loopback with keys made for the test."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.bench.conversation import Conversation, Referenced, asking, read_outputs, reference, talking
from tests.bench.ssh_server import SshServer, running_sshd
from zoo.bench import Effort, _ssh, _targets, measure
from zoo.bench._messages import Begin, Block, Cold, Done, Failed, Finish, Loaded, Outputs, Ran, Ready, Run, Timed
from zoo.bench._ssh import SSH, parse_destination
from zoo.bench._target import Target
from zoo.bridges._ssh_life import SILENT_SECONDS
from zoo.progress import SilentProgress


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as made:
        yield made


@pytest.fixture
def ours(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> SshServer:
    """The server, reached with its own configuration, and with this project's Python as the one there."""
    monkeypatch.setenv(_ssh.CONFIG_VARIABLE, str(server.config))
    monkeypatch.setenv(_ssh.PYTHON_VARIABLE, sys.executable)
    return server


@pytest.fixture(scope="module")
def target(server: SshServer) -> Iterator[Target]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(_ssh.CONFIG_VARIABLE, str(server.config))
        patch.setenv(_ssh.PYTHON_VARIABLE, sys.executable)
        yield SSH.prepare(f"{server.name}/threads=2")


@pytest.fixture(scope="module")
def face(published_sparse: Path, tmp_path_factory: pytest.TempPathFactory) -> Referenced:
    return reference("face", published_sparse, tmp_path_factory.mktemp("face"))


def test_outputs_come_back_from_there(target: Target, face: Referenced, tmp_path: Path) -> None:
    with talking(target.command, asking("check", [face.asked], tmp_path)) as talk:
        events = list(talk.events())

    assert isinstance(events[-1], Done)
    (told,) = [event for event in events if isinstance(event, Outputs)]
    for found, wanted in zip(read_outputs(told, tmp_path), face.answers, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-3, rtol=1e-3)


def test_the_machine_there_tells_what_decides_about_kernels(target: Target, face: Referenced, tmp_path: Path) -> None:
    with talking(target.command, asking("check", [face.asked], tmp_path)) as talk:
        ready = talk.next()

    assert isinstance(ready, Ready)
    assert ready.machine is not None
    flags = Path("/proc/cpuinfo").read_text().split()
    assert ("avx" in ready.machine.flags) == ("avx" in flags)


def test_commands_go_there_and_answers_come_back(target: Target, face: Referenced, tmp_path: Path) -> None:
    again = face.asked.model_copy(update={"name": "again"})
    with talking(target.command, asking("time", [face.asked, again], tmp_path, threads=2)) as talk:
        before = [type(event) for event in iter(talk.next, Loaded(event="loaded"))]
        talk.command(Run(model="face", runs=3))
        talk.command(Block(index=0, order=["again", "face"], rounds=2))
        talk.command(Finish())
        after = [event for event in talk.events() if not isinstance(event, Begin)]

    assert before == [Ready, Begin, Begin]
    assert [type(event) for event in after] == [Ran, Timed, Timed, Outputs, Outputs, Done]
    assert isinstance(after[0], Ran)
    assert len(after[0].ms) == 3


def test_a_cold_start_has_times_and_memory(target: Target, face: Referenced, tmp_path: Path) -> None:
    with talking(target.command, asking("cold", [face.asked], tmp_path)) as talk:
        (cold,) = [event for event in talk.events() if isinstance(event, Cold)]

    assert cold.first_ms > 0
    assert cold.before_bytes is not None
    assert cold.peak_bytes is not None
    assert cold.peak_bytes > cold.before_bytes


def test_a_model_is_sent_once_and_forgotten_later(ours: SshServer, face: Referenced, tmp_path: Path) -> None:
    fresh = SSH.prepare(ours.name)
    settings = json.loads(fresh.command[-1])
    session = ours.sessions / settings["session"]
    sent = []
    for _ in range(2):
        with talking(fresh.command, asking("check", [face.asked], tmp_path)) as talk:
            assert isinstance(list(talk.events())[-1], Done)
        sent.append({path.name: path.stat().st_mtime_ns for path in (session / "files").iterdir()})

    assert sent[0] == sent[1]
    assert sorted(Path(name).suffix for name in sent[0]) == [".bin", ".py", ".tflite"]
    assert [path.name for path in session.iterdir()] == ["files"]

    _ssh.forget(settings["ssh"], parse_destination(ours.name), settings["python"], settings["session"])
    assert not session.exists()


def test_a_killed_bridge_leaves_nothing_running(
    server: SshServer, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_block(talk)
        assert server.processes()
        talk.process.send_signal(signal.SIGKILL)
        talk.process.wait()

        assert server.empties_within(10)


def test_a_cut_connection_leaves_nothing_running(
    server: SshServer, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_block(talk)
        (client,) = _children(talk.process.pid)
        os.kill(client, signal.SIGKILL)
        last = list(talk.events())[-1]

        assert server.empties_within(10)
        assert isinstance(last, Failed)
        assert server.place in last.reason


def test_the_end_of_standard_input_ends_it_in_time(
    server: SshServer, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_block(talk)
        talk.close()
        talk.process.wait(timeout=target.grace_seconds)

        assert server.empties_within(2)


@pytest.mark.slow
def test_a_whole_bench_measures_there(
    ours: SshServer, published_dense: Path, published_sparse: Path, twin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_targets, "KINDS", (SSH,))
    result = measure(
        {"dense": published_dense, "sparse": published_sparse, "twin": twin},
        targets=[ours.name],
        ratios=[("sparse", "dense")],
        effort=Effort(blocks=12, cold_starts=2),
        progress=SilentProgress(),
    )

    assert result.failed == []
    (measured,) = result.targets
    assert all(timing.parity is not None and timing.parity.agrees for timing in measured.timings)
    assert all(timing.cold is not None and timing.n for timing in measured.timings)
    assert [(ratio.numerator, ratio.denominator) for ratio in measured.ratios] == [
        ("sparse", "dense"),
        ("sparse", "twin"),
    ]
    assert measured.machine.cores
    assert ours.empties_within(5)


@pytest.mark.slow
def test_a_connection_that_falls_silent_leaves_nothing_running(
    server: SshServer, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_block(talk)
        talk.process.send_signal(signal.SIGSTOP)

        assert server.empties_within(SILENT_SECONDS + 10)


def test_a_runner_that_crashes_there_names_the_signal(
    server: SshServer, target: Target, face: Referenced, tmp_path: Path
) -> None:
    with talking(target.command, asking("time", [face.asked], tmp_path)) as talk:
        _until_block(talk)
        (runner,) = (pid for pid in server.processes() if b".py\0elsewhere" in _command_line(pid))
        os.kill(runner, signal.SIGSEGV)
        begun, last = list(talk.events())[-2:]

    assert begun == Begin(event="begin", model="face", doing="block")
    assert isinstance(last, Failed)
    assert "SIGSEGV" in last.reason


def test_a_file_that_is_no_model_fails_there(target: Target, face: Referenced, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"TFL3" * 100)
    asked = face.asked.model_copy(update={"path": str(broken)})
    with talking(target.command, asking("check", [asked], tmp_path)) as talk:
        last = list(talk.events())[-1]

    assert isinstance(last, Failed)
    assert "odel" in last.reason


def test_a_login_that_prints_is_no_obstacle(
    ours: SshServer, face: Referenced, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chatter = 'ForceCommand echo Welcome; echo "!"; eval "$SSH_ORIGINAL_COMMAND"'
    with running_sshd(tmp_path_factory.mktemp("chatter"), chatter) as chatty, pytest.MonkeyPatch.context() as patch:
        patch.setenv(_ssh.CONFIG_VARIABLE, str(chatty.config))
        with talking(SSH.prepare(chatty.name).command, asking("check", [face.asked], tmp_path)) as talk:
            assert isinstance(list(talk.events())[-1], Done)


@pytest.mark.parametrize(
    "answer",
    [
        '!need {"names": ["/etc/hostname"]}',
        '!file {"name": "../../escaped.bin", "size": 1}',
        '!file {"name": "huge.bin", "size": 99999999999}',
        "!need 7",
        "!ended {}",
        "!failed",
    ],
)
def test_a_hostile_machine_gets_and_leaves_nothing(answer: str, face: Referenced, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    script = tmp_path / "ssh"
    script.write_text(f"#!/bin/sh\necho '!here {{}}'; echo '{answer}'; exec cat > {heard}\n")
    script.chmod(0o755)
    settings = {"ssh": [str(script)], "place": "pi@trap", "python": "/p", "session": "0" * 16, "runner": __file__}
    folder = tmp_path / "folder"
    folder.mkdir()
    bridge = [sys.executable, "-m", "zoo.bridges._ssh_runner", json.dumps(settings)]
    with talking(bridge, asking("check", [face.asked], folder)) as talk:
        (last,) = talk.events()
        talk.process.wait(timeout=10)

    assert isinstance(last, Failed)
    assert "pi@trap" in last.reason
    assert list(folder.iterdir()) == []
    # The agent's text and its order, and nothing after them.
    assert len(heard.read_bytes().splitlines()) == 2


def _until_block(talk: Conversation) -> None:
    """The runner there is loaded, and busy for long."""
    for event in talk.events():
        if isinstance(event, Loaded):
            break
    talk.command(Block(index=0, order=["face"], rounds=10_000))
    time.sleep(0.5)


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in told.split()]


def _command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
