"""An adapted file is run beside its source: what moves more than its rewrites promise is turned down by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tests.tflite.running import outputs_of
from tests.xnnpack.graphs import Graph
from zoo.adapt import REWRITES, Rewrite, apply_checked, suggest
from zoo.adapt._max_pool import MaxPoolToDepthwise
from zoo.cli._main import run
from zoo.errors import RefusedError

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


@dataclass(frozen=True)
class SaidToBeExact(MaxPoolToDepthwise):
    """A rewrite that moves outputs and says that it does not."""

    exact: ClassVar[bool] = True


def pooled(*, before: str = "ABS", after: str = "ABS") -> bytes:
    graph = Graph((1, 32, 32, 3))
    x = graph.max_pool(graph.conv(graph.unary(graph.conv(graph.stem(), 8), before), 8))
    return graph.output(graph.unary(graph.mean(graph.conv(x, 8)), after))


def in_order(*rewrites: Rewrite) -> list[Rewrite]:
    return [*rewrites]


def test_exact_rewrite_that_moves_an_output_is_refused_with_its_name_and_the_layer() -> None:
    with pytest.raises(
        RefusedError, match=r"net: rewrite 'max_pool_to_depthwise' moves output .* of its size, first at MAX_POOL"
    ):
        apply_checked(pooled(), [SaidToBeExact()], name="net")


def test_the_rewrite_at_fault_is_told_from_those_beside_it() -> None:
    graph = Graph((1, 40, 40, 3))
    x = graph.prelu(graph.conv(graph.conv(graph.input, 16, kernel=3, stride=2), 8))
    data = graph.output(graph.mean(graph.conv(graph.max_pool(x), 8)))
    rewrites = in_order(REWRITES["rotate_half_turn"], SaidToBeExact(), REWRITES["prelu_to_primitives"])
    with pytest.raises(RefusedError, match="rewrite 'max_pool_to_depthwise' moves output"):
        apply_checked(data, rewrites, name="net")


def test_exact_rewrite_is_held_to_its_promise_beside_one_that_is_not() -> None:
    graph = Graph((1, 32, 32, 3))
    x = graph.max_pool(graph.conv(graph.conv(graph.input, 16, kernel=3, stride=2), 8))
    data = graph.output(graph.mean(graph.conv(x, 8)))
    with pytest.raises(RefusedError, match="rewrite 'max_pool_to_depthwise' moves output"):
        apply_checked(data, in_order(REWRITES["pad_symmetric_inexact"], SaidToBeExact()), name="net")


def test_inexact_rewrite_may_move_outputs() -> None:
    data = pooled()
    adapted = apply_checked(data, [REWRITES["max_pool_to_depthwise"]], name="net")
    assert np.abs(outputs_of(data)[0] - outputs_of(adapted.data)[0]).max() > 0


def test_outputs_that_are_never_numbers_show_nothing() -> None:
    graph = Graph((1, 32, 32, 3))
    nothing = graph.binary("SUB", *[graph.constant(np.full((1, 8), np.inf, np.float32))] * 2)
    x = graph.mean(graph.conv(graph.prelu(graph.conv(graph.stem(), 8)), 8))
    data = graph.output(graph.binary("ADD", x, nothing))
    with pytest.raises(RefusedError, match="not finite on any input that was tried"):
        apply_checked(data, [REWRITES["prelu_to_primitives"]], name="net")


def test_file_that_the_runtime_does_not_run_is_refused() -> None:
    graph = Graph((1, 32, 32, 3))
    x = graph.conv(graph.prelu(graph.conv(graph.stem(), 8)), 8)
    graph.tensors[x].shape = [1, 16, 16, 9]
    data = graph.output(graph.mean(graph.conv(x, 8)))
    with pytest.raises(RefusedError, match=r"LiteRT does not run it here \(.+\), so nothing shows"):
        apply_checked(data, [REWRITES["prelu_to_primitives"]], name="net")


def test_suggestion_that_moves_outputs_is_not_made_and_says_why() -> None:
    rewrites = {"max_pool_to_depthwise": SaidToBeExact()}
    found = suggest(pooled(), rewrites, name="net")
    assert found.exact is found.cheaper is found.best is None
    assert "rewrite 'max_pool_to_depthwise' moves output" in found.unproven


@pytest.mark.parametrize("options", [[], ["--rewrite", "max_pool_to_primitives"]])
def test_pool_behind_a_border_of_the_lowest_number_is_left(options: list[str], tmp_path: Path) -> None:
    case, out = CASES / "k1_maxpool_lowest.tflite", tmp_path / "out.tflite"
    if not case.is_file():
        pytest.skip(f"{case} is not here")
    code = run(["adapt", str(case), "--out", str(out), *options])
    assert out.is_file() == (code == 0)
    assert code == (0 if options else 1)
    if code == 0:
        for expected, found in zip(outputs_of(case.read_bytes()), outputs_of(out.read_bytes()), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
