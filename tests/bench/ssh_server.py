"""A real sshd on loopback, with keys, configuration and port made for one test run."""

from __future__ import annotations

import atexit
import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from zoo.bench import _ssh

_PRIVILEGE_FOLDER = Path("/run/sshd")
_PASSED_ON = ("PIP_CERT", "PIP_CONSTRAINT", "PIP_FIND_LINKS", "PIP_INDEX_URL", "SSL_CERT_FILE")
"""What installers need where this machine reaches the package index in its own way."""


@dataclass(frozen=True)
class SshServer:
    """`config` is a client's configuration that trusts the server and holds a key that it accepts."""

    port: int
    folder: Path
    config: Path
    cache: Path

    @property
    def place(self) -> str:
        return f"{getpass.getuser()}@127.0.0.1"

    @property
    def name(self) -> str:
        return f"ssh://{self.place}:{self.port}"

    @property
    def sessions(self) -> Path:
        """What the agent keeps for benches; empty once they have been forgotten."""
        return self.cache / "mediapipe-zoo" / "ssh" / "sessions"

    def processes(self) -> list[int]:
        """What runs in this server's logins: they alone have its cache folder in their environment."""
        mark = f"XDG_CACHE_HOME={self.cache}\0".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in path.read_bytes():
                    found.append(int(path.parent.name))
        return found

    def empties_within(self, seconds: float) -> bool:
        """Whether the logins end, and the folders of their runs go with them."""
        deadline = time.monotonic() + seconds
        while self.processes() or list(self.sessions.glob("*/run-*")):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def client(self, name: str, *, key: str = "user_key", known_hosts: str = "known_hosts") -> Path:
        """Another client's configuration, with other files of the server's folder."""
        path = self.folder / name
        path.write_text(
            f"Host *\nIdentityFile {self.folder / key}\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self.folder / known_hosts}\nGlobalKnownHostsFile /dev/null\n"
            "StrictHostKeyChecking yes\n"
        )
        return path


@contextmanager
def running_sshd(folder: Path, line: str = "", environment: dict[str, str] | None = None) -> Iterator[SshServer]:
    """Start sshd for the current user; skip where that cannot be done.

    Its configuration ends with `line`; logins see `environment` too.
    """
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if sshd is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("openssh-server and openssh-client are not installed")
    if os.geteuid() == 0:
        _PRIVILEGE_FOLDER.mkdir(mode=0o755, exist_ok=True)
    for key in ("host_key", "user_key", "other_key"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(made, check=True, timeout=60)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cache = folder / "cache"
    seen = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    seen |= {"XDG_CACHE_HOME": str(cache)} | (environment or {})
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder / 'host_key'}\nPidFile none\nUsePAM no\n"
        f"StrictModes no\nAuthorizedKeysFile {folder / 'user_key.pub'}\nPasswordAuthentication no\n"
        f"KbdInteractiveAuthentication no\nSetEnv {' '.join(f'{key}={value}' for key, value in seen.items())}\n{line}\n"
    )
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
    (folder / "other_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'other_key.pub').read_text()}")
    (folder / "no_hosts").touch()
    log = folder / "sshd.log"
    with log.open("wb") as words:
        server = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=words)
    try:
        _wait_for(port, server, log)
        made = SshServer(port=port, folder=folder, config=folder / "client", cache=cache)
        made.client("client")
        yield made
    finally:
        # With the server its sessions go; there is nothing to forget at the end of pytest.
        atexit.unregister(_ssh.forget)
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        if server.poll() is not None:
            pytest.skip(f"sshd does not start here: {log.read_text()[-300:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.skip("sshd does not answer here")
