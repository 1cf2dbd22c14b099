"""Faults of our own: neither the input nor anything outside is to blame, and the traceback is kept for a report."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

import typer

from zoo.errors import ZooError

EXIT_FAULT = 70
"""EX_SOFTWARE of sysexits.h."""
_MOST_LOG_BYTES = 1 << 20
_MOST_WORDS = 200


class KeptError(Exception):
    """Carries an error of our own, its cause, whose traceback is in `log` already."""

    def __init__(self, log: Path) -> None:
        super().__init__(str(log))
        self.log = log


def is_fault(error: BaseException) -> bool:
    """Whether an error is ours: nothing that a person gave, that the system declined, or that another program did."""
    outside = (ZooError, typer.TyperException, typer.Exit, OSError, MemoryError, subprocess.SubprocessError)
    return isinstance(error, Exception) and not isinstance(error, outside)


def fault_sentence(error: BaseException) -> str:
    """What a person reads; the traceback is kept meanwhile, unless it is already."""
    log = error.log if isinstance(error, KeptError) else _keep(error)
    raised = error.__cause__ if isinstance(error, KeptError) and error.__cause__ else error
    words = " ".join(without_token(str(raised)).split())[:_MOST_WORDS].rstrip(".")
    kept = "--debug shows the traceback" if log is None else f"the traceback is in {log}"
    return (
        f"This is a fault of zoo itself, not of what you gave it ({type(raised).__name__}: {words or 'no detail'}); "
        f"{kept}, please report it with that."
    )


def traceback_of(error: BaseException) -> str:
    """The traceback with a head line that says when, and by which command."""
    import shlex

    head = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {shlex.join(['zoo', *sys.argv[1:]])}"
    return without_token(f"{head}\n{''.join(traceback.format_exception(error))}")


def without_token(text: str) -> str:
    """The text without the hub's token, should an error quote it."""
    # Only who talked to the hub can have met a token that its login keeps.
    kept = getattr(sys.modules.get("huggingface_hub"), "get_token", lambda: None)
    for token in (os.environ.get("HF_TOKEN", "").strip(), kept()):
        text = text.replace(token, "HF_TOKEN") if token else text
    return text


def _keep(error: BaseException) -> Path | None:
    """Write the traceback to the cache's log. None where that is not possible: no error shall hide another."""
    try:
        from zoo.sources import cache_dir

        log = cache_dir() / "log.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        longer = log.is_file() and log.stat().st_size > _MOST_LOG_BYTES
        with log.open("w" if longer else "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(traceback_of(error))
    except Exception:
        return None
    return log
