"""Running a command: exit codes, and errors as one sentence on standard error."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import typer

from zoo.cli._app import app
from zoo.cli._fault import EXIT_FAULT, fault_sentence, is_fault
from zoo.cli._output import forget_document, has_document, write_json
from zoo.cli._stopping import obey_signals, stopped_code
from zoo.cli._streams import steady_streams
from zoo.errors import OutsideError, ZooError

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

STOPPED_BUILD = "Stopped; the same command goes on from where it stopped (without --from, if you gave it)."


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command of `zoo` and leave with its exit code."""
    obey_signals()
    with steady_streams() as answer:
        code = run(sys.argv[1:] if arguments is None else arguments)
        lost = answer.lost
        if lost is not None:
            sys.stderr.write(
                f"Error: The work was done, but what it answers could not be written to standard output ({lost}); mend "
                "that before you ask again.\n"
                if code == 0
                else f"What zoo answers could not be written to standard output ({lost}).\n"
            )
            code = code or OutsideError.exit_code
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code, as `zoo.errors` lists them."""
    # --debug may stand anywhere on the line: who meets an error adds it at the end.
    debug = "--debug" in arguments
    rest = [argument for argument in arguments if argument != "--debug"]
    forget_document()
    try:
        code = app(rest or ["--help"], standalone_mode=False, prog_name="zoo")
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit as left:
        # Typer leaves so at a broken pipe, which is one to a process of ours: standard output never breaks.
        if not isinstance(left.__context__, OSError):
            raise
        return _report(left.__context__, as_json="--json" in rest)
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _report(error, as_json="--json" in rest)
    if code == EXIT_INTERRUPTED:
        words = STOPPED_BUILD if rest[:1] == ["build"] else "Stopped."
        return _tell(words, stopped_code(), as_json="--json" in rest)
    return int(code or 0)


def _report(error: BaseException, *, as_json: bool) -> int:
    """Say an error in one sentence, and return its exit code."""
    if isinstance(error, ZooError):
        code, message = error.exit_code, str(error)
    elif isinstance(error, typer.TyperException):
        code, message = EXIT_USAGE, _usage_sentence(error)
    elif is_fault(error):
        code, message = EXIT_FAULT, fault_sentence(error)
    else:
        code, message = OutsideError.exit_code, _outside_sentence(error)
    return _tell(message, code, as_json=as_json, prefix="Error: " if code else "")


def _outside_sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "This takes more memory than the machine has; end other programs, or run it on a larger one."
    place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    why = (isinstance(error, OSError) and error.strerror) or " ".join(str(error).split())[:200] or type(error).__name__
    return f"{place}{why.rstrip('.')}; mend that and run the same command again."


def _tell(message: str, code: int, *, as_json: bool, prefix: str = "") -> int:
    """One line on standard error, under --json also the document on standard output, unless there is one already.

    Returns the exit code.
    """
    # Names of files and fields come from outside: they shall neither break the line nor steer a terminal.
    line = "".join(letter if letter.isprintable() else " " for letter in message)
    sys.stderr.write(f"{prefix}{line}\n")
    if as_json and not has_document():
        write_json({"error" if code else "done": line, "exit_code": code})
    return code


def _usage_sentence(error: typer.TyperException) -> str:
    format_message = getattr(error, "format_message", None)
    message = " ".join(str(format_message() if callable(format_message) else error).split())
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "zoo")
    return f"{message.rstrip('.')}; see '{command} --help'."
