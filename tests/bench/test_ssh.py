"""The target behind ssh, against a real sshd on loopback with keys made for the test."""

from __future__ import annotations

import json
import os
import re
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
from tests.bench.ssh_server import SshServer, running_sshd
from zoo.bench import Effort, _ssh, _targets, measure
from zoo.bench._messages import Begin, Block, Cold, Done, Failed, Finish, Loaded, Outputs, Ran, Ready, Run, Timed
from zoo.bench._ssh import SSH, parse_destination
from zoo.bench._target import Target
from zoo.bridges import _ssh_environment
from zoo.bridges._ssh_life import SILENT_SECONDS, AgentError
from zoo.errors import InputError, OutsideError
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


def test_an_unreachable_host_is_one_sentence(ours: SshServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        name = f"ssh://pi@127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(OutsideError, match=r"pi@127.0.0.1 cannot be reached \(.*refused\); check"):
            SSH.prepare(name)


def test_an_unknown_host_name_is_one_sentence(ours: SshServer) -> None:
    with pytest.raises(OutsideError, match=r"host name of pi@no-such-host.invalid is not known"):
        SSH.prepare("ssh://pi@no-such-host.invalid")


def test_an_unknown_host_key_is_never_accepted(ours: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_ssh.CONFIG_VARIABLE, str(ours.client("stranger", known_hosts="no_hosts")))

    with pytest.raises(OutsideError, match=r"host key of .* is not known; connect once"):
        SSH.prepare(ours.name)


def test_a_changed_host_key_is_named(ours: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_ssh.CONFIG_VARIABLE, str(ours.client("changed", known_hosts="other_hosts")))

    with pytest.raises(OutsideError, match="not the one that was known"):
        SSH.prepare(ours.name)


def test_a_wrong_key_is_named(ours: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_ssh.CONFIG_VARIABLE, str(ours.client("wrong", key="other_key")))

    with pytest.raises(OutsideError, match=r"accepts none of your keys \(.*Permission denied.*\); add one"):
        SSH.prepare(ours.name)


def test_a_named_python_that_is_not_there(ours: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_ssh.PYTHON_VARIABLE, "/opt/no such/python")

    with pytest.raises(OutsideError, match="has no program /opt/no such/python, which ZOO_SSH_PYTHON names"):
        SSH.prepare(ours.name)


def test_a_named_python_without_the_runtime(ours: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = tmp_path / "it's bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True, timeout=120)
    monkeypatch.setenv(_ssh.PYTHON_VARIABLE, str(bare / "bin" / "python"))

    with pytest.raises(OutsideError, match="which cannot import ai_edge_litert"):
        SSH.prepare(ours.name)


@pytest.mark.parametrize(
    ("programs", "sentence"),
    [
        ({}, "has no python3; install Python 3.10"),
        ({"python3": "test $1 = -V && echo Python 3.8.10; exit 1"}, "has only Python 3.8.10; install Python 3.10"),
    ],
)
def test_a_machine_without_a_new_python(
    programs: dict[str, str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "sh").symlink_to("/bin/sh")
    only = f'ForceCommand PATH={tmp_path} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    with running_sshd(tmp_path, only) as bare:
        monkeypatch.setenv(_ssh.CONFIG_VARIABLE, str(bare.config))
        monkeypatch.delenv(_ssh.PYTHON_VARIABLE, raising=False)

        with pytest.raises(OutsideError, match=sentence):
            SSH.prepare(bare.name)


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        (
            "The virtual environment was not created successfully because ensurepip is not available.  On "
            "Debian/Ubuntu\nsystems, you need to install the python3-venv package using the following command.\n\n"
            "    apt install python3.11-venv\n\nFailing command: /home/pi/.cache/x/bin/python3\n",
            "its Python cannot make environments; install python3-venv or uv there",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement ai-edge-litert==2.3.0 (from versions: "
            "none)\n"
            "ERROR: No matching distribution found for ai-edge-litert==2.3.0\n\n[notice] A new release of pip\n",
            r"could not be installed \(ERROR: No matching distribution found for ai-edge-litert==2.3.0\); check",
        ),
        ("", r"could not be installed \(no reason given\); check the network"),
    ],
)
def test_why_nothing_was_installed_is_one_sentence(printed: str, sentence: str) -> None:
    assert re.search(sentence, _ssh_environment._why_not(printed, "ai-edge-litert==2.3.0"))


def test_a_machine_for_which_there_is_no_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "armv7l")

    with pytest.raises(AgentError, match="runs as armv7l, and ai-edge-litert has no wheel for it; install a 64-bit"):
        _ssh_environment._check_platform()


def test_termux_is_sent_to_adb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/data/data/com.termux/files/usr")

    with pytest.raises(AgentError, match=r"it is Android, .*; connect it by USB and measure on the target adb"):
        _ssh_environment._check_platform()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ssh://pi@raspberry", ("pi", "raspberry", None, 1)),
        ("ssh://raspberry", (None, "raspberry", None, 1)),
        ("ssh://pi@10.0.0.7:2222/threads=4", ("pi", "10.0.0.7", 2222, 4)),
        ("ssh://pi@[fe80::1]:22", ("pi", "fe80::1", 22, 1)),
    ],
)
def test_a_name_tells_where_to_go(name: str, told: tuple[object, ...]) -> None:
    found = parse_destination(name)

    assert (found.user, found.host, found.port, found.threads) == told


@pytest.mark.parametrize(
    "name",
    [
        "ssh://",
        "ssh:pi@raspberry",
        "ssh://-oProxyCommand=sh@raspberry",
        "ssh://pi@-oProxyCommand=sh",
        "ssh://pi@raspberry;reboot",
        "ssh://pi@$(reboot)",
        "ssh://pi:secret@raspberry",
        "ssh://pi@raspberry:0",
        "ssh://pi@raspberry:99999",
        "ssh://pi@[::::]",
        "ssh://pi@raspberry/threads=0",
        "ssh://pi@raspberry/threads=999",
        "ssh://pi@raspberry?threads=4",
        "ssh://pi@raspberry\n",
    ],
)
def test_a_name_that_could_be_taken_for_more_is_refused(name: str) -> None:
    assert SSH.accepts(name)
    with pytest.raises(InputError, match="ssh"):
        SSH.prepare(name)


def test_without_the_program_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    ((_, told),) = SSH.look()
    assert not told.available
    with pytest.raises(OutsideError, match="ssh is not installed"):
        SSH.prepare("ssh://pi@raspberry")


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
