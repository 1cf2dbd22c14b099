"""The target `ssh://USER@HOST`: LiteRT in Python on a machine that ssh reaches.

The system's own `ssh` connects, with the user's configuration, keys and known hosts, and asks nothing. The first
connection finds a Python with LiteRT there or makes an environment that has it, in the cache folder of that user; later
ones use it. Models are kept there while this process lives.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.metadata
import ipaddress
import json
import os
import re
import secrets
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.bench._target import Availability, Target, TargetKind
from zoo.bridges import BridgeError, Channel
from zoo.errors import InputError, OutsideError

CONFIG_VARIABLE = "ZOO_SSH_CONFIG"
"""A configuration file for ssh, instead of the user's own."""

PYTHON_VARIABLE = "ZOO_SSH_PYTHON"
"""The path of a Python on the machine behind ssh that has LiteRT."""

MOST_THREADS = 256
_NUMPY = ('numpy==2.2.6; python_version < "3.11"', 'numpy==2.3.5; python_version >= "3.11"')
"""No one version has wheels for Python 3.10 and for 3.14."""

_PREPARE_SECONDS = 1500.0
_FORGET_SECONDS = 10.0
_CONNECT_SECONDS = 15
_USAGE = "ssh://USER@HOST[:PORT][/threads=N]"
_NAME = re.compile(
    r"ssh://(?:(?P<user>[\w.][\w.-]*)@)?"
    r"(?P<host>[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>\d{1,5}))?"
    r"(?:/threads=(?P<threads>\d{1,3}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Destination:
    """Where to log in, and with how many threads to run there. `user` and `port` None: as ssh's configuration says."""

    user: str | None
    host: str
    port: int | None
    threads: int

    @property
    def place(self) -> str:
        """What messages call it."""
        return f"{self.user}@{self.host}" if self.user else self.host


def parse_destination(name: str) -> Destination:
    """The destination that a target's name writes.

    Nothing of it can be taken for an option of ssh or for words of a shell.

    Raises:
        InputError: it is written otherwise than `ssh://USER@HOST[:PORT][/threads=N]`.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise InputError(f"target '{name[:200]}' is not written as {_USAGE}; name a host, and use keys, not passwords")
    host, port, threads = found["host"], found["port"], int(found["threads"] or 1)
    if host.startswith("["):
        host = host[1:-1]
        try:
            ipaddress.IPv6Address(host)
        except ValueError as error:
            raise InputError(f"target '{name[:200]}': {host} is not an IPv6 address; correct it") from error
    if port is not None and not 1 <= int(port) <= 65535:
        raise InputError(f"target '{name[:200]}': port {port} is not between 1 and 65535; correct it")
    if not 1 <= threads <= MOST_THREADS:
        raise InputError(f"target '{name[:200]}': threads is {threads}; give 1 to {MOST_THREADS}")
    return Destination(found["user"], host, int(port) if port else None, threads)


def ssh_command(destination: Destination) -> list[str]:
    """The argument list that connects; a remote command is to be added.

    Raises:
        OutsideError: there is no ssh, or no file that `ZOO_SSH_CONFIG` names.
    """
    program = shutil.which("ssh")
    if program is None:
        raise OutsideError("the program ssh is not installed; install OpenSSH's client, such as openssh-client")
    command = [program]
    if config := os.environ.get(CONFIG_VARIABLE):
        if not Path(config).is_file():
            raise OutsideError(f"{CONFIG_VARIABLE} names {config}, which is not a file; correct or unset it")
        command += ["-F", config]
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(_CONNECT_SECONDS),
        "ServerAliveInterval": "10",
        "ServerAliveCountMax": "3",
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        # A configuration that keeps connections open would leave one behind, and hold our pipes.
        "ControlMaster": "no",
        "RemoteCommand": "none",
        # Its errors, which say what went wrong, and nothing else.
        "LogLevel": "ERROR",
    }
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    if destination.user is not None:
        command += ["-l", destination.user]
    if destination.port is not None:
        command += ["-p", str(destination.port)]
    return [*command, "-T", "--", destination.host]


def prepare(name: str) -> Target:
    """Connect, and see to a Python with LiteRT there.

    Raises:
        InputError: the name is written wrongly.
        OutsideError: the machine cannot be reached, lets nobody in, or has no Python that will do.
    """
    destination = parse_destination(name)
    ssh = ssh_command(destination)
    named = os.environ.get(PYTHON_VARIABLE) or None
    packages = [f"ai-edge-litert=={importlib.metadata.version('ai-edge-litert')}", *_NUMPY]
    order = {"task": "prepare", "packages": packages, "named": named is not None}
    python = str(_ask(ssh, destination, order, "prepared", python=named, seconds=_PREPARE_SECONDS)["python"])
    settings = {
        "ssh": ssh,
        "place": destination.place,
        "python": python,
        "session": _session(tuple(ssh), destination, python),
        "runner": str(Path(__file__).with_name("_host_runner.py")),
    }
    threads = "one thread" if destination.threads == 1 else f"{destination.threads} threads"
    return Target(
        name=name,
        runtime=f"LiteRT in Python on {destination.place}",
        command=(sys.executable, "-m", "zoo.bridges._ssh_runner", json.dumps(settings)),
        threads=destination.threads,
        native=True,
        note=f"On {destination.place} over ssh, {threads}, XNNPACK delegate.",
        grace_seconds=4.0,
    )


@functools.cache
def _session(ssh: tuple[str, ...], destination: Destination, python: str) -> str:
    """The name of the folder there that this process uses, until it ends."""
    name = secrets.token_hex(8)
    atexit.register(forget, list(ssh), destination, python, name)
    return name


def forget(ssh: list[str], destination: Destination, python: str, session: str) -> None:
    """Remove what was sent; where the machine is gone by now, its next bench does so after a day."""
    order = {"task": "forget", "session": session}
    with contextlib.suppress(OutsideError, OSError):
        _ask(ssh, destination, order, "forgotten", python=python, seconds=_FORGET_SECONDS)


def _ask(
    ssh: list[str], destination: Destination, order: dict[str, Any], answer: str, *, python: str | None, seconds: float
) -> dict[str, Any]:
    """Give the agent there an order that has one answer."""
    try:
        with Channel(ssh, destination.place, order, python=python, echo=False) as channel, _limit(channel, seconds):
            for line in channel.lines():
                word, _, told = line.decode(errors="replace").removeprefix("!").partition(" ")
                if word == "failed":
                    raise OutsideError(f"{destination.place}: {json.loads(told)['reason']}")
                if word == answer:
                    return dict(json.loads(told))
    except BridgeError as error:
        raise OutsideError(str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        told = f"the answer from {destination.place} was not understood; look what answers there"
        raise OutsideError(told) from error
    raise OutsideError(f"{destination.place} gave no answer; try again")


@contextlib.contextmanager
def _limit(channel: Channel, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, channel.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _look() -> list[tuple[str, Availability]]:
    if shutil.which("ssh") is None:
        lacking = Availability(False, "the program ssh is not installed", "apt install openssh-client")
        return [("ssh://USER@HOST", lacking)]
    return [("ssh://USER@HOST", Availability(True, "ssh is there; any machine with Python 3.10 that takes your key"))]


SSH = TargetKind(
    usage=_USAGE,
    purpose="LiteRT in Python on a machine that ssh reaches, such as a Raspberry Pi",
    accepts=lambda name: name.startswith("ssh:"),
    prepare=prepare,
    look=_look,
)
