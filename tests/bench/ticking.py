"""A ticker that does something after so many blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Ticking:
    """Calls `do` once, when `after` advances have come."""

    after: int = 0
    do: Callable[..., Any] | None = None
    arguments: tuple[Any, ...] = ()
    seen: int = 0

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        self.seen += 1
        if self.do and self.seen == self.after:
            self.do(*self.arguments)
