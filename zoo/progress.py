"""What a long piece of work tells about its progress, without knowing who listens.

Domain packages take a `Progress` and never print. The command line passes one that draws bars on standard error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Ticker(Protocol):
    """One running task."""

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        """Report `amount` more units done; `note` is a short live figure, such as the loss."""


class Progress(Protocol):
    """A listener for tasks and remarks."""

    def task(self, label: str, total: float | None) -> AbstractContextManager[Ticker]:
        """Open a task of `total` units (None: unknown)."""

    def say(self, message: str) -> None:
        """Pass on one sentence that a person should see."""


class _SilentTicker:
    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        return None


class SilentProgress:
    """A `Progress` that nobody listens to."""

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        yield _SilentTicker()

    def say(self, message: str) -> None:
        return None
