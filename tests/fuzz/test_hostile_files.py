"""Files made by hand to hurt: each ends in a description or in one sentence, quickly and in little memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import judge
from tests.fuzz.commands import arguments_of, available
from tests.fuzz.hostile import HOSTILE, sparse_graph
from tests.fuzz.hostile_bundles import HOSTILE_BUNDLES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds on a child are set the way of Linux")
DESCRIBED = {
    "chain_of_20_000_densify",
    "chain_of_20_000_operators",
    "custom_options_that_2_000_operators_share",
    "fan_of_2_000_convolutions_on_one_value",
    "graph_without_tensors_and_operators",
    "intermediates_that_are_not_there",
    "kernel_of_a_million_bytes_that_3_000_layers_share",
    "metadata_that_is_the_weights",
    "names_that_are_no_text",
    "nothing_but_a_graph",
    "output_that_is_a_constant",
    "pad_negative",
    "pad_of_complex_numbers",
    "pad_of_infinity",
    "pad_of_not_a_number",
    "quantization_for_slices_that_are_not_there",
    "quantization_that_overflows",
    "signature_with_one_name_twice",
    "signature_with_terminal_codes",
    "signature_without_names",
    "sparse_bomb_of_many_tensors",
    "stablehlo_operator",
    "strides_huge",
    "terminal_codes_in_every_name",
    "text_that_2_000_operators_share",
    "variants_that_2_000_tensors_share",
    "weights_in_another_file",
    "directory_of_a_million_entries_that_are_not_there",
}
"""What `zoo inspect` may describe: the trick is in what it does not read, or needs no more than a bound."""
MEMORY = 400 << 20
LONG = {"chain_of_20_000_densify", "chain_of_20_000_operators", "fan_of_2_000_convolutions_on_one_value"}
"""Files that keep a core busy for 20 seconds, over all commands."""


@pytest.fixture(scope="module", autouse=True)
def loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What every child needs is loaded once, before it is forked."""
    file = tmp_path_factory.mktemp("sound") / "sound.tflite"
    file.write_bytes(sparse_graph())
    for command in available():
        assert judge.command(arguments_of(command, file)) == ("described", "")


def ending(command: str, file: Path) -> judge.Outcome:
    outcome = judge.in_bounds(lambda: judge.command(arguments_of(command, file)))
    assert outcome.sound, f"{command}: {outcome}"
    assert outcome.memory < MEMORY, f"{command}: {outcome}"
    return outcome


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in (*HOSTILE, *HOSTILE_BUNDLES)],
)
def test_hostile_file_is_described_or_refused(name: str, tmp_path: Path) -> None:
    build: Callable[[], bytes] = {**HOSTILE, **HOSTILE_BUNDLES}[name]
    file = tmp_path / ("hostile.task" if name in HOSTILE_BUNDLES else "hostile.tflite")
    file.write_bytes(build())
    for command in available():
        outcome = ending(command, file)
        if command.startswith("inspect"):
            assert outcome.kind == ("described" if name in DESCRIBED else "refused"), outcome


@pytest.mark.parametrize(
    "name", ["\x1b[2J.tflite", "a\nb.tflite", b"\xff\xfe.tflite".decode("utf-8", "surrogateescape")]
)
def test_hostile_name_of_a_sound_file_is_made_harmless(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(sparse_graph())
    for command in available():
        ending(command, file)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/full", "folder", "a\0b.tflite"])
def test_what_is_no_file_is_refused_at_once(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for command in available():
        assert ending(command, tmp_path / name).kind == "refused"


def test_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tflite")
    for command in available():
        assert ending(command, tmp_path / "pipe.tflite").kind == "refused"
