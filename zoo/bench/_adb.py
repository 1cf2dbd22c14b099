"""The targets `adb` and `adb:SERIAL`: TensorFlow Lite's own `benchmark_model` on an Android phone.

`adb` brings the tool and the files over and runs them. The tool is one that the user names, or the one that upstream's
instructions put on the phone; it is no part of any package, so nothing here can fetch it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import time
from pathlib import Path

from zoo.bench._target import Availability, Target, TargetKind
from zoo.bridges import PHONE_FOLDER, Adb, BridgeError, Device
from zoo.errors import InputError, OutsideError

ADB_VARIABLE = "ZOO_ADB"
"""The path of the program adb, where it is not in PATH."""

TOOL_VARIABLE = "ZOO_BENCHMARK_MODEL"
"""The path of `benchmark_model`, built for the phone, on this machine."""

TOOL_PAGE = "https://ai.google.dev/edge/litert/models/measurement"
"""Where upstream offers it: the command-line binary for the Interpreter API, android_aarch64."""

TOOL_ON_PHONE = "/data/local/tmp/benchmark_model"
"""Where upstream's instructions put it."""

NEEDED_FLAGS = ("enable_op_profiling", "input_layer_value_files", "output_filepath", "use_xnnpack")
MOST_THREADS = 256
APPEAR_SECONDS = 3.0
"""How long a phone may take to be seen by an adb server that has just been started."""

_USAGE = "adb[:SERIAL][/threads=N]"
_NAME = re.compile(r"adb(?::(?P<serial>[\w.][\w.:-]{0,99}))?(?:/threads=(?P<threads>[1-9]\d{0,2}))?", re.ASCII)
_NOTE = (
    "Each block is one process of benchmark_model for each model, in random order, and each sample the median of that "
    "process's inferences."
)


def prepare(name: str) -> Target:
    """Find the phone, and bring `benchmark_model` there.

    Raises:
        InputError: the name is written wrongly.
        OutsideError: there is no adb, no phone that may be used, or no `benchmark_model` that runs on it.
    """
    found = _NAME.fullmatch(name)
    threads = int(found["threads"] or 1) if found else 0
    if found is None or threads > MOST_THREADS:
        raise InputError(f"target '{name[:200]}' is not written as {_USAGE}; adb devices lists the serials")
    program = _find_adb()
    try:
        serial = choose(_appeared(Adb(program)), found["serial"] or os.environ.get("ANDROID_SERIAL"))
        adb = Adb(program, serial)
        session = _session(program, serial)
        tool, version = _bring_tool(adb, session)
    except BridgeError as error:
        raise OutsideError(str(error)) from error
    settings = {"adb": program, "serial": serial, "tool": tool, "version": version, "session": session}
    return Target(
        name=name,
        runtime=f"TensorFlow Lite's benchmark_model on the phone {serial}",
        command=(sys.executable, "-m", "zoo.bridges._adb_runner", json.dumps(settings)),
        threads=threads,
        native=True,
        note=f"XNNPACK delegate, {threads} thread{'s' if threads > 1 else ''}. {_NOTE}",
        grace_seconds=4.0,
    )


def choose(devices: list[Device], serial: str | None) -> str:
    """The serial of the one phone that is meant and can be used.

    Raises:
        OutsideError: there is none, or several and no `serial` says which, or it may not be used; it says why.
    """
    if serial is None and len(devices) > 1:
        # One that works among others that do not is meant.
        usable = [device for device in devices if device.state == "device"]
        if len(usable) != 1:
            seen = ", ".join(device.serial for device in devices)
            raise OutsideError(f"adb sees several devices ({seen}); name one as adb:SERIAL")
        return usable[0].serial
    meant = [device for device in devices if serial in (None, device.serial)]
    if not meant:
        if serial is None:
            raise OutsideError(
                "adb sees no phone; connect one by USB, allow USB debugging in its developer options, and see that "
                "adb devices lists it"
            )
        seen = ", ".join(device.serial for device in devices) or "none"
        raise OutsideError(f"adb sees no device {serial} (it sees: {seen}); correct the serial or connect it")
    device = meant[0]
    if device.state == "device":
        return device.serial
    told = {
        "unauthorized": "has not allowed this computer; accept the question on its screen, then try again",
        "authorizing": "has not allowed this computer yet; accept the question on its screen, then try again",
        "offline": "is offline; unplug it and connect it again",
    }.get(device.state)
    if told is None and device.state.startswith("no permissions"):
        told = "may not be used by this account; install adb's udev rules, or run adb's server as one that may"
    raise OutsideError(f"the phone {device.serial} {told or f'is in the state {device.state!r}; start Android on it'}")


@functools.cache
def _session(program: str, serial: str) -> str:
    """The name of the folder on the phone that this process uses, until it ends."""
    name = secrets.token_hex(8)
    atexit.register(forget, Adb(program, serial), name)
    return name


def forget(adb: Adb, session: str) -> None:
    """Remove from the phone what was sent there."""
    with contextlib.suppress(BridgeError):
        adb.shell(f"rm -rf {PHONE_FOLDER}/{session}; rmdir {PHONE_FOLDER}")


def _find_adb() -> str:
    named = os.environ.get(ADB_VARIABLE)
    if named and not os.access(named, os.X_OK):
        raise OutsideError(f"{ADB_VARIABLE} names {named}, which is no program; correct or unset it")
    program = named or shutil.which("adb")
    if program is None:
        raise OutsideError(
            f"the program adb is not installed; install it (Debian: adb), or name it with {ADB_VARIABLE}"
        )
    return program


def _appeared(adb: Adb) -> list[Device]:
    """What adb sees, once it has had time to look."""
    deadline = time.monotonic() + APPEAR_SECONDS
    while True:
        devices = adb.devices()
        if any(device.state == "device" for device in devices) or time.monotonic() > deadline:
            return devices
        time.sleep(0.3)


def _bring_tool(adb: Adb, session: str) -> tuple[str, str]:
    """The path of `benchmark_model` on the phone, proven to run there, and what its version is called."""
    named = os.environ.get(TOOL_VARIABLE)
    if named:
        here = Path(named)
        if not here.is_file():
            raise OutsideError(f"{TOOL_VARIABLE} names {named}, which is not a file; correct it")
        digest = hashlib.sha256(here.read_bytes()).hexdigest()
        tool = f"{PHONE_FOLDER}/{session}/benchmark_model-{digest[:12]}"
        adb.checked_shell(f"mkdir -p {PHONE_FOLDER}/{session}")
        if adb.shell(f"test -x {tool}")[0]:
            adb.push(here, f"{tool}.part")
            adb.checked_shell(f"chmod 755 {tool}.part && mv {tool}.part {tool}")
    else:
        tool, digest = TOOL_ON_PHONE, _digest_on(adb, TOOL_ON_PHONE)
    _, usage = adb.shell(f"{tool} --help")
    lacking = [flag for flag in NEEDED_FLAGS if f"--{flag}=" not in usage]
    if "--graph=" not in usage:
        last = next((line.strip() for line in reversed(usage.splitlines()) if line.strip()), "it says nothing")
        raise OutsideError(
            f"{named or TOOL_ON_PHONE} does not run on {adb.place} ({last[:200].rstrip('.')}); take the build for its "
            f"processor from {TOOL_PAGE}"
        )
    if lacking:
        raise OutsideError(
            f"{named or TOOL_ON_PHONE} knows no --{lacking[0]}; take the one for the Interpreter API from {TOOL_PAGE}"
        )
    return tool, f"benchmark_model, SHA-256 {digest[:12]}"


def _digest_on(adb: Adb, path: str) -> str:
    status, said = adb.shell(f"sha256sum {path}")
    digest = said.split(" ")[0].strip()
    if status or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise OutsideError(
            f"there is no benchmark_model for the phone; get android_aarch64_benchmark_model from {TOOL_PAGE} and name "
            f"it with {TOOL_VARIABLE}"
        )
    return digest


def _look() -> list[tuple[str, Availability]]:
    try:
        _find_adb()
    except OutsideError as error:
        return [("adb", Availability(False, str(error).partition(";")[0], remedy="apt install adb"))]
    if TOOL_VARIABLE in os.environ:
        detail = "adb is there; phones are not looked for here, adb devices lists them"
    else:
        detail = f"adb is there; {TOOL_VARIABLE} names no benchmark_model, so the phone must have it in /data/local/tmp"
    return [("adb", Availability(True, detail, limited=TOOL_VARIABLE not in os.environ))]


ADB = TargetKind(
    usage=_USAGE,
    purpose="TensorFlow Lite's benchmark_model on an Android phone",
    accepts=lambda name: re.match(r"adb(?![A-Za-z0-9])", name) is not None,
    prepare=prepare,
    look=_look,
)
