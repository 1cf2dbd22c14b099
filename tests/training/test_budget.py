"""What a budget chooses: the least rise of the loss that it allows, or a plain word where it allows too little."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.student.published import adapted, published
from tests.tiny_detector import tiny_keras
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.progress import SilentProgress
from zoo.spec import Budget
from zoo.student import start_tensorflow
from zoo.tflite import prune_by_magnitude, sparsify
from zoo.training._budget import LEAST_ZEROS, SHARES, Allowance, Choice, KernelCosts, allow, choose, load_choice
from zoo.training._budget import save_choice as save

start_tensorflow()

from zoo.training._sensitivity import loss_rises  # noqa: E402

LEFT = tuple(1.0 - share for share in SHARES)


def allowance(*weights: int, **limits: float) -> Allowance:
    """Kernels whose time and bytes are those of their weights that stay; nothing else costs anything."""
    kernels = [
        KernelCosts(
            layer=f"kernel_{number}",
            weights=count,
            dense_nanoseconds=float(count),
            nanoseconds=tuple(count * left for left in LEFT),
            bytes=tuple(round(2 * count * left) for left in LEFT),
        )
        for number, count in enumerate(weights)
    ]
    whole = sum(weights)
    return Allowance(
        budget=Budget(**limits),
        kernels=tuple(kernels),
        rest_nanoseconds=0.0,
        rest_bytes=0,
        reference_nanoseconds=float(whole),
        reference_bytes=2 * whole,
    )


def rises_of(allowed: Allowance, seed: int) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    return {
        kernel.layer: [0.0, *np.cumsum(rng.exponential(size=len(SHARES) - 1)).tolist()] for kernel in allowed.kernels
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("limits", [{"wasm_time": 0.25}, {"bytes": 0.2}, {"wasm_time": 0.3, "bytes": 0.22}])
def test_the_choice_is_the_best_of_all_that_keep_the_budget(seed: int, limits: dict[str, float]) -> None:
    allowed = allowance(100, 700, 1600, **limits)
    rises = rises_of(allowed, seed)

    def rise(chosen: tuple[int, ...]) -> float:
        return sum(rises[kernel.layer][index] for kernel, index in zip(allowed.kernels, chosen, strict=True))

    def keeps(chosen: tuple[int, ...]) -> bool:
        zeros = sum(kernel.weights * SHARES[index] for kernel, index in zip(allowed.kernels, chosen, strict=True))
        return (
            zeros >= LEAST_ZEROS * sum(kernel.weights for kernel in allowed.kernels)
            and allowed.wasm_time(chosen) <= (limits.get("wasm_time") or 9)
            and allowed.file_bytes(chosen) <= (limits.get("bytes") or 9) * allowed.reference_bytes
        )

    every = product(range(len(SHARES)), repeat=len(allowed.kernels))
    best = min(rise(chosen) for chosen in every if keeps(chosen))
    chosen = tuple(choose(allowed, rises))
    assert keeps(chosen)
    assert rise(chosen) == pytest.approx(best)


def test_a_generous_budget_still_has_zeros_enough_for_sparse_kernels() -> None:
    allowed = allowance(100, 700, wasm_time=2.0)
    chosen = choose(allowed, rises_of(allowed, 0))
    zeros = sum(kernel.weights * SHARES[index] for kernel, index in zip(allowed.kernels, chosen, strict=True))
    assert zeros > 2 / 3 * 800


@pytest.mark.parametrize("limits", [{"wasm_time": 0.1}, {"bytes": 0.05}])
def test_a_budget_that_cannot_be_met_is_told_with_the_least_cost(limits: dict[str, float]) -> None:
    ((name, limit),) = limits.items()
    data = published("hand_landmark_full")
    with pytest.raises(InputError, match=f"budget.{name} is {limit}") as caught:
        allow(Budget(**limits), student=adapted("hand_landmark_full"), reference=data, variant="sparse")
    least = float(str(caught.value).split("still costs ")[1].split()[0])
    allow(Budget(**{name: least + 0.001}), student=adapted("hand_landmark_full"), reference=data, variant="sparse")


@pytest.mark.parametrize("share", [0.7, 0.8, 0.9])
def test_bytes_are_those_of_a_file_with_these_zeros(share: float) -> None:
    student = adapted("hand_landmark_full")
    allowed = allow(Budget(bytes=0.9), student=student, reference=published("hand_landmark_full"), variant="sparse")
    made = sparsify(prune_by_magnitude(student, share)).data
    assert allowed.file_bytes([SHARES.index(share)] * len(allowed.kernels)) == pytest.approx(len(made), rel=1e-4)


def test_a_network_in_which_nothing_can_run_sparse_has_no_budget() -> None:
    graph = Graph((1, 8, 8, 4))
    student = graph.output(graph.depthwise(graph.input))
    with pytest.raises(InputError, match="nothing in its network can run sparse"):
        allow(Budget(wasm_time=0.5), student=student, reference=student, variant="sparse")


def test_a_choice_is_read_again_and_one_of_other_kernels_is_not(tmp_path: Path) -> None:
    file = tmp_path / "budget.json"
    allowed = allowance(100, 700, wasm_time=0.3)
    choice = Choice(rises=rises_of(allowed, 0), chosen=[6, 7])
    assert load_choice(file, allowed) is None
    save(choice, file)
    assert load_choice(file, allowed) == choice
    assert load_choice(file, replace(allowed, kernels=allowed.kernels[:1])) is None


def test_zeros_cost_most_where_the_loss_hangs_on_the_kernel_and_the_model_stays_as_it_was() -> None:
    model = tiny_keras(seed=1)
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (16, *model.input_shape[1:])).astype(np.float32)
    wanted = model(inputs)[1].numpy()
    before = model.get_weights()
    rises = loss_rises(
        model,
        ["middle", "head_16", "head_1"],
        (0.5, 0.8, 0.9),
        inputs=inputs,
        loss=lambda: float(np.mean((model(inputs)[1].numpy() - wanted) ** 2)),
        ticker=SilentProgress().task("", None).__enter__(),
    )
    # The loss reads the second output alone, which the first head does not lead to.
    assert rises["head_16"] == [0.0, 0.0, 0.0]
    assert rises["head_1"][-1] > 0
    assert rises["middle"] == sorted(rises["middle"])
    for weight, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)
