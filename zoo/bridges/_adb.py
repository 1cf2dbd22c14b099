"""Android's own `adb`, one call a command, with its many ways to fail each as a clause."""

from __future__ import annotations

import contextlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from zoo.bridges._errors import BridgeError

PHONE_FOLDER = "/data/local/tmp/mediapipe-zoo"
"""Where everything that is sent lies: the one place of a phone from which `adb` may run programs."""

_EXIT = "zoo-exit="
_DEVICE_LINE = re.compile(r"^(?P<serial>\S+)\s+(?P<state>.+?)\s*$")
_MOST_OUTPUT = 16 << 20
_QUICK_SECONDS = 30.0
_COPY_SECONDS = 300.0


@dataclass(frozen=True)
class Device:
    """What `adb devices` lists: `state` is `device` where it can be used."""

    serial: str
    state: str


class Adb:
    """The program `adb`, talking to one phone. `stop` may be called from another thread."""

    def __init__(self, program: str, serial: str | None = None) -> None:
        self.program = program
        self.serial = serial
        self._current: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def devices(self) -> list[Device]:
        """What is connected, usable or not; starts adb's server where none runs."""
        listed = self._run(["devices"], _QUICK_SECONDS)
        lines = listed.partition("List of devices attached")[2].splitlines()
        return [Device(found["serial"], found["state"]) for line in lines if (found := _DEVICE_LINE.match(line))]

    def shell(self, command: str, *, seconds: float = _QUICK_SECONDS) -> tuple[int, str]:
        """Exit status and output, both streams together, of a command line for the phone's shell."""
        # Old phones do not pass on the status, so the shell prints it; it goes on the last line whatever came before.
        line = f"{{ {command}\n}} 2>&1; s=$?; echo; echo {_EXIT}$s"
        said = self._run([*self._to(), "shell", line], seconds)
        output, found, status = said.rpartition(_EXIT)
        if not found or not status.strip().isdigit():
            raise BridgeError(f"{self.place} ended a command early; look whether it is still connected and try again")
        return int(status), output.removesuffix("\n").removesuffix("\n")

    def checked_shell(self, command: str) -> str:
        """The output of a command that must succeed."""
        status, output = self.shell(command)
        if status:
            raise BridgeError(
                f"{self.place} could not run a command ({_last_line(output)}); free its storage or restart it"
            )
        return output

    def push(self, here: Path, there: str) -> None:
        """Copy a file to the phone."""
        self._run([*self._to(), "push", str(here), there], _COPY_SECONDS)

    def pull(self, there: str, here: Path) -> None:
        """Copy a file from the phone."""
        self._run([*self._to(), "pull", there, str(here)], _COPY_SECONDS)

    def stop(self) -> None:
        """End the command at work; what it runs on the phone gets SIGHUP."""
        self._stopped = True
        if self._current is not None:
            self._current.kill()

    def resume(self) -> None:
        """Allow commands again, to clean up after `stop`."""
        self._stopped = False

    @property
    def place(self) -> str:
        """What messages call the phone."""
        return f"the phone {self.serial}" if self.serial else "the phone"

    def _to(self) -> list[str]:
        return ["-s", self.serial] if self.serial else []

    def _run(self, arguments: list[str], seconds: float) -> str:
        if self._stopped:
            raise BridgeError(f"{self.place} was let go")
        try:
            self._current = subprocess.Popen(  # noqa: S603
                [self.program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise BridgeError(f"{self.program} cannot be run ({error.strerror}); name adb with ZOO_ADB") from error
        try:
            output, words = self._current.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise BridgeError(
                f"{self.place} took longer than {seconds:.0f} s; unplug it and connect it again"
            ) from None
        finally:
            with contextlib.suppress(OSError):
                self._current.kill()
                self._current.wait()
        if len(output) > _MOST_OUTPUT:
            raise BridgeError(f"{self.place} said more than {_MOST_OUTPUT >> 20} MiB; it is not what was asked for")
        said = output.decode(errors="replace").replace("\r\n", "\n")
        if self._current.returncode and _EXIT not in said:
            raise BridgeError(self._explain(f"{said}\n{words.decode(errors='replace')}"))
        return said

    def _explain(self, said: str) -> str:
        told = _last_line(said).removeprefix("adb: ").removeprefix("error: ")
        if "unauthorized" in said:
            return f"{self.place} has not allowed this computer; accept the question on its screen, then try again"
        if "offline" in said:
            return f"{self.place} is offline; unplug it and connect it again"
        if "not found" in said or "no devices" in said:
            return f"{self.place} is gone; connect it and try again"
        if "No space left" in said:
            return f"{self.place} has no space left; free some of its storage"
        if "cannot connect to daemon" in said or "failed to start daemon" in said:
            return f"adb's server does not start ({told}); run adb start-server and see why"
        return f"adb failed with {self.place} ({told}); run adb devices and try again"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200].rstrip(".") if lines else "no reason given"
