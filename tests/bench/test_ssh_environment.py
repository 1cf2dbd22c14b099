"""The environment that is made on a machine behind ssh, where no Python there has LiteRT."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.conversation import asking, reference, talking
from tests.bench.ssh_server import SshServer, running_sshd
from zoo.bench import _ssh
from zoo.bench._messages import Done
from zoo.bench._ssh import SSH
from zoo.errors import OutsideError

pytestmark = pytest.mark.slow

_BARE_PYTHON = Path(sys.base_prefix) / "bin"


@contextmanager
def machine(folder: Path, programs: Path, *settings: str) -> Iterator[SshServer]:
    """A machine whose Python is the one that this project's environment was made of, with `programs` beside it."""
    path = f"PATH={_BARE_PYTHON}:{programs}:/usr/bin:/bin"
    force = f'ForceCommand {" ".join([path, *settings])} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    folder.mkdir(exist_ok=True)
    with running_sshd(folder, force) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(_ssh.CONFIG_VARIABLE, str(server.config))
        patch.delenv(_ssh.PYTHON_VARIABLE, raising=False)
        yield server


def made(server: SshServer) -> list[str]:
    """Whole and unfinished environments there."""
    folder = server.sessions.parent
    return sorted(path.name for path in folder.glob("*env-*")) if folder.is_dir() else []


def python_of(name: str) -> str:
    return str(json.loads(SSH.prepare(name).command[-1])["python"])


@pytest.mark.parametrize("installer", ["venv", "uv"])
def test_an_environment_is_made_once_and_measures(installer: str, published_sparse: Path, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    uv = Path(sys.executable).with_name("uv")
    if installer == "uv":
        (programs / "uv").symlink_to(uv)
    with machine(tmp_path / "machine", programs) as server:
        # Two benches at once: one makes it, the other waits.
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(python_of, [server.name, server.name])
        target = SSH.prepare(server.name)
        face = reference("face", published_sparse, tmp_path / "face")
        with talking(target.command, asking("check", [face.asked], tmp_path)) as talk:
            events = list(talk.events())

        assert first == second
        assert Path(first).is_relative_to(server.cache)
        assert len(made(server)) == 1
        assert isinstance(events[-1], Done)


def test_a_killed_install_never_looks_finished(tmp_path: Path) -> None:
    with machine(tmp_path / "machine", tmp_path) as server:
        script = f"from zoo.bench._ssh import SSH; SSH.prepare({server.name!r})"
        with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path) as bench:
            while not made(server):
                time.sleep(0.05)
            time.sleep(2)
            bench.send_signal(signal.SIGKILL)

        assert server.empties_within(10)
        assert made(server) == []


def test_without_a_package_index_the_reason_is_one_sentence(tmp_path: Path) -> None:
    nowhere = ("PIP_INDEX_URL=http://127.0.0.1:9/", "PIP_FIND_LINKS=", "PIP_CONFIG_FILE=/dev/null")
    with machine(tmp_path / "machine", tmp_path, *nowhere) as server:
        with pytest.raises(OutsideError, match=r"ai-edge-litert==\S+ could not be installed \(.*\); check the network"):
            SSH.prepare(server.name)

        assert made(server) == []
