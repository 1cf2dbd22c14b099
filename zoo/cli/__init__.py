"""The command line. `main` is the `zoo` command; nothing heavy is imported before a command needs it."""

from zoo.cli._main import main

__all__ = ["main"]
