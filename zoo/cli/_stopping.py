"""Being asked to stop: SIGTERM, and SIGHUP of a closed terminal, end a command as Ctrl-C does, with its clean-up."""

from __future__ import annotations

import signal
from types import FrameType

_ASKING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_asked: list[signal.Signals] = []


def obey_signals() -> None:
    """From now on each of the signals raises KeyboardInterrupt in the main thread, unless who started it ignores it.

    A shell ignores SIGINT for what a script runs in the background, and `nohup` ignores SIGHUP.
    """
    for number in _ASKING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)


def obey_ctrl_c() -> None:
    """Obey SIGINT even where it was ignored: for a command that has no other end."""
    signal.signal(signal.SIGINT, _stop)


def stopped_code() -> int:
    """The exit code of a command that was stopped, as shells have it: 128 and the signal's number."""
    return 128 + (_asked[0] if _asked else signal.SIGINT)


def _stop(number: int, _: FrameType | None) -> None:
    _asked.append(signal.Signals(number))
    # Who stops a group of processes may ask twice, by another signal; that shall not break into the cleaning up.
    if number == _asked[0]:
        raise KeyboardInterrupt
