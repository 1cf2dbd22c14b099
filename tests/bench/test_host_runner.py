"""What the host runner tells of a machine is what `zoo.machine` tells of this one; and where joules come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.bench import _host_runner as runner
from zoo.machine import KERNEL_FLAGS, describe_machine


def test_a_machine_elsewhere_is_described_as_this_one_is() -> None:
    told, here = runner.describe(), describe_machine()

    assert runner.KERNEL_FLAGS == KERNEL_FLAGS
    assert told["flags"] == here.flags
    assert (told["cpu_model"], told["arch"], told["cores"]) == (here.cpu_model, here.arch, here.cores)
    assert (told["governor"], told["memory_gib"]) == (here.governor, here.memory_gib)


@pytest.fixture
def counters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder laid out as Linux's powercap."""
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    monkeypatch.setattr(runner, "_COUNTERS", tmp_path)
    return package


def test_joules_are_read_from_the_package_s_counter(counters: Path) -> None:
    (counters / "energy_uj").write_text("2500000\n")

    counter, why = runner.energy_counter()

    assert why == ""
    assert runner._joules(counter) == 2.5


def test_without_a_counter_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_COUNTERS", tmp_path / "none")

    counter, why = runner.energy_counter()

    assert counter is None
    assert "no energy counter" in why


def test_a_counter_that_may_not_be_read_is_told(counters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (counters / "energy_uj").write_text("1")
    monkeypatch.setattr("os.access", lambda path, mode: False)

    counter, why = runner.energy_counter()

    assert counter is None
    assert "administrator" in why
