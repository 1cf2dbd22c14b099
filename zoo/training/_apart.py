"""Running a function in a process of its own while its progress is told here."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from zoo.errors import OutsideError
from zoo.progress import Progress, Ticker

Result = TypeVar("Result")


def run_apart(function: Callable[..., Result], *, progress: Progress, **arguments: Any) -> Result:
    """What `function(progress=..., **arguments)` returns or raises, run by a fresh Python.

    Function, arguments and result cross between the processes, so functions must be those of modules. The process ends
    with this call, however that ends. Raises OutsideError where it ends by itself without an answer.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, function, arguments), daemon=True)
    process.start()
    there.close()
    try:
        answer, error = _listen(here, progress)
    except EOFError as gone:
        process.join()
        raise OutsideError(
            f"The process that trains ended by itself (exit code {process.exitcode}); run the same command again."
        ) from gone
    finally:
        process.kill()
        process.join()
    if error is not None:
        raise error
    result: Result = answer
    return result


def _listen(connection: Connection, progress: Progress) -> tuple[Any, Exception | None]:
    """Pass on what is told until the answer comes. Raises EOFError where none does."""
    with ExitStack() as tasks:
        ticker: Ticker | None = None
        while True:
            kind, *told = connection.recv()
            if kind == "task":
                ticker = tasks.enter_context(progress.task(*told))
            elif kind == "advance" and ticker is not None:
                ticker.advance(*told)
            elif kind == "task over":
                tasks.close()
            elif kind == "say":
                progress.say(*told)
            elif kind == "answer":
                return told[0], told[1]


class _Told:
    """The other end of `_listen`: a Progress with one task at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        self._connection.send(("task", label, total))
        yield self
        self._connection.send(("task over",))

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        self._connection.send(("advance", amount, note))

    def say(self, message: str) -> None:
        self._connection.send(("say", message))


def _answer(connection: Connection, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    try:
        result, error = function(progress=_Told(connection), **arguments), None
    except Exception as raised:
        result, error = None, raised
    connection.send(("answer", result, error))
