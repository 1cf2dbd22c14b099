"""Running a command: exit codes, and errors as one sentence on standard error."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import typer

from zoo.cli._app import app
from zoo.errors import ZooError

EXIT_USAGE = 2
EXIT_OUTSIDE = 3
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

STOPPED_BUILD = "Stopped; the same command goes on from where it stopped (without --from, if you gave it)."


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command of `zoo` and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 the answer is no, 2 bad input, 3 something outside failed."""
    # --debug may stand anywhere on the line: who meets an error adds it at the end.
    debug = "--debug" in arguments
    rest = [argument for argument in arguments if argument != "--debug"]
    try:
        code = app(rest or ["--help"], standalone_mode=False, prog_name="zoo")
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, has what it wanted; Python's own flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _report(error, as_json="--json" in rest)
    if code == EXIT_INTERRUPTED:
        return _tell(STOPPED_BUILD if rest[:1] == ["build"] else "Stopped.", code, as_json="--json" in rest)
    return int(code or 0)


def _report(error: Exception, *, as_json: bool) -> int:
    """Say an error in one sentence, and return its exit code."""
    if isinstance(error, ZooError):
        code, message = error.exit_code, str(error)
    elif isinstance(error, typer.TyperException):
        code, message = EXIT_USAGE, _usage_sentence(error)
    elif isinstance(error, OSError) and error.strerror:
        code = EXIT_OUTSIDE
        place = f"{error.filename}: " if error.filename else ""
        message = f"{place}{error.strerror}; mend that and run the same command again."
    else:
        code = EXIT_OUTSIDE
        detail = " ".join(str(error).split())[:200]
        message = f"Unexpected {type(error).__name__}: {detail or 'no detail'}; --debug shows where it was raised."
    return _tell(message, code, as_json=as_json, prefix="Error: " if code else "")


def _tell(message: str, code: int, *, as_json: bool, prefix: str = "") -> int:
    """One line on standard error, under --json also the one document on standard output; returns the exit code."""
    # Names of files and fields come from outside: they shall neither break the line nor steer a terminal.
    line = "".join(letter if letter.isprintable() else " " for letter in message)
    sys.stderr.write(f"{prefix}{line}\n")
    if as_json:
        import json

        sys.stdout.write(json.dumps({"error" if code else "done": line, "exit_code": code}) + "\n")
    return code


def _usage_sentence(error: typer.TyperException) -> str:
    format_message = getattr(error, "format_message", None)
    message = " ".join(str(format_message() if callable(format_message) else error).split())
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "zoo")
    return f"{message.rstrip('.')}; see '{command} --help'."
