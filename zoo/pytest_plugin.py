"""A pytest plugin: `pytest --zoo-dropin FILE` tries a model file of yours in every runtime that it is to drop into.

One test an entry of the matrix of `zoo dropin`, named by runtime and call. What is not tried, or not supported, is
skipped with its reason and never passes; a session in which all of them were skipped shows nothing of the file, so it
fails. Nothing is imported, and nothing collected, without the option.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from zoo.records import DropinCell

DEFAULT_MODEL = "face_detector"
_CELLS: pytest.StashKey[list[DropinCell]] = pytest.StashKey()
_MARK = "zoo_dropin_place"
"""Keyword of our tests, by which their reports are known: with pytest-xdist, they run in another process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("mediapipe-zoo")
    group.addoption("--zoo-dropin", metavar="FILE", help="Try this .tflite or .task file in every runtime.")
    group.addoption("--zoo-dropin-model", metavar="NAME", default=DEFAULT_MODEL, help="Whose place it takes.")
    group.addoption("--zoo-dropin-runtime", metavar="NAME==VERSION", help="Only this runtime.")
    group.addoption("--zoo-dropin-data", metavar="DIR", help="Pictures; without it, samples that packages bring.")


def pytest_collection(session: pytest.Session) -> None:
    """Refuse bad input before a test is collected, and say why."""
    file = session.config.getoption("--zoo-dropin")
    if file is not None and not Path(file).expanduser().is_file():
        raise pytest.UsageError(f"--zoo-dropin: there is no file {file}")


def pytest_configure(config: pytest.Config) -> None:
    """Keep what becomes of our tests, where there are any."""
    if config.getoption("--zoo-dropin") is not None:
        config.pluginmanager.register(_Judge(config), "zoo-dropin-judge")


class _Judge:
    """Says that nothing was shown where all of our tests were skipped."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._outcomes: list[str] = []
        self._reasons: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how one of our tests ended."""
        if _MARK in report.keywords and (report.when == "call" or report.skipped):
            self._outcomes.append(report.outcome)
            if report.skipped and isinstance(report.longrepr, tuple):
                self._reasons.append(report.longrepr[2])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a session that ended well although no place took the file."""
        if self._shows_nothing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why it failed, and what to give."""
        if self._shows_nothing:
            file = self._config.getoption("--zoo-dropin")
            terminalreporter.write_sep("=", "zoo-dropin: nothing was shown", red=True)
            terminalreporter.write_line(f"{file} was compared in no place, so this session fails; {self._advice}.")

    @property
    def _shows_nothing(self) -> bool:
        return bool(self._outcomes) and set(self._outcomes) == {"skipped"}

    @property
    def _advice(self) -> str:
        from zoo.families import NOTHING_TO_COMPARE

        if any(NOTHING_TO_COMPARE in reason for reason in self._reasons):
            return "give pictures that show what the model finds, with --zoo-dropin-data DIR"
        return "install one of the runtimes, or name another with --zoo-dropin-runtime; the skipped tests say why"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one test for each place in which the file is tried."""
    file = config.getoption("--zoo-dropin")
    if file is not None:
        items.extend(_DropinFile.from_parent(session, name=f"zoo-dropin {Path(file).name}").collect())


def _cells(config: pytest.Config) -> list[DropinCell]:
    """What became of the file in every place; all are tried at once, by the first test that asks."""
    if _CELLS not in config.stash:
        from zoo.errors import ZooError
        from zoo.pipeline import dropin_built
        from zoo.progress import SilentProgress

        data, file = config.getoption("--zoo-dropin-data"), Path(config.getoption("--zoo-dropin")).expanduser()
        try:
            record = dropin_built(
                config.getoption("--zoo-dropin-model"),
                out=Path(),
                file=file,
                data=None if data is None else Path(data).expanduser(),
                runtime=config.getoption("--zoo-dropin-runtime"),
                command=f"pytest --zoo-dropin {file.name}",
                progress=SilentProgress(),
            )
        except ZooError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        config.stash[_CELLS] = record.cells
    return config.stash[_CELLS]


class _DropinFile(pytest.Collector):
    """The file, which is tried place by place."""

    def collect(self) -> Iterator[pytest.Item]:
        from zoo.errors import ZooError
        from zoo.families import places_of
        from zoo.spec import load_spec

        option = self.config.getoption
        try:
            spec = load_spec(option("--zoo-dropin-model")).spec
            drops = places_of(spec, option("--zoo-dropin-runtime"))
        except ZooError as error:
            raise pytest.UsageError(str(error)) from error
        for drop in drops:
            yield _DropinTest.from_parent(self, name=f"{drop.runtime} {drop.graph}", place=(drop.runtime, drop.graph))


class _DropinTest(pytest.Item):
    """One place."""

    def __init__(self, *, place: tuple[str, str], **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]  # what from_parent passes on
        self._place = place
        self.keywords[_MARK] = True

    def runtest(self) -> None:
        cell = next(cell for cell in _cells(self.config) if (cell.runtime, cell.graph) == self._place)
        if cell.status in ("not tried", "not supported"):
            pytest.skip(f"{cell.status}: {cell.reason}")
        if cell.status != "passed":
            pytest.fail(cell.reason, pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name
