"""The commands that read a file from outside, as they are called here."""

from __future__ import annotations

from pathlib import Path

_COMMANDS: dict[str, tuple[str, ...]] = {
    "inspect": ("inspect", "FILE"),
    "inspect --json": ("inspect", "FILE", "--json"),
    "adapt": ("adapt", "FILE", "--out", "OUT", "--force"),
    "densify": ("densify", "FILE", "--out", "OUT", "--force"),
    "sparsify": ("sparsify", "FILE", "--out", "OUT", "--force", "--json"),
}


def available() -> list[str]:
    """Their names."""
    return list(_COMMANDS)


def arguments_of(command: str, file: Path) -> list[str]:
    """The command line for this file; what is written lies beside it."""
    places = {"FILE": file, "OUT": file.with_name(f"out{file.suffix}"), "PAGE": file.with_name("page.html")}
    return [str(places.get(part, part)) for part in _COMMANDS[command]]
