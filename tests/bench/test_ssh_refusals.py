"""Names, connections and machines that the target behind ssh cannot use: one sentence each, with the next step."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.ssh_server import SshServer, running_sshd
from zoo.bench import _ssh
from zoo.bench._ssh import SSH, parse_destination
from zoo.bridges import _ssh_environment
from zoo.bridges._ssh_life import AgentError
from zoo.errors import InputError, OutsideError


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
