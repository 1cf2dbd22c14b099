"""Which kernel loses how many of its weights: the least rise of the loss that a budget of time and bytes allows.

An integer programme over one share of zeros for each kernel, as in SPDY (Frantar and Alistarh, SPDY: Accurate Pruning
with Speedup Guarantees, 2022, section 3), with the rise of the loss itself as each kernel's sensitivity, and bytes
beside time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from zoo.errors import InputError
from zoo.files import write_file
from zoo.spec import Budget
from zoo.tflite import index_type, kernels, prune_by_magnitude, read_model, sparsify
from zoo.xnnpack import dense_time, sparse_times

SHARES = (0.0, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97)
"""Shares of a kernel's weights that may be zero."""
LEAST_ZEROS = 2 / 3 + 0.005
"""Of all kernels' weights together: XNNPACK runs a network sparse above two thirds, and a margin for rounding."""
_HALF = 2
"""Bytes of a float16."""
_UNPACKING = 230
"""Bytes that a DENSIFY operator, the tensor that it writes and the description of the levels take, more or less."""


@dataclass(frozen=True)
class KernelCosts:
    """What a kernel of `weights` costs at each of `SHARES`: predicted nanoseconds in WebAssembly, and bytes stored.

    `dense_nanoseconds`: in a network that runs dense.
    """

    layer: str
    weights: int
    dense_nanoseconds: float
    nanoseconds: tuple[float, ...]
    bytes: tuple[int, ...]


@dataclass(frozen=True)
class Allowance:
    """What a variant may cost, and what its kernels cost.

    `rest_nanoseconds`, `rest_bytes`: of all but the kernels. `reference_nanoseconds`, `reference_bytes`: of the file
    whose shares the budget names.
    """

    budget: Budget
    kernels: tuple[KernelCosts, ...]
    rest_nanoseconds: float
    rest_bytes: int
    reference_nanoseconds: float
    reference_bytes: int

    def wasm_time(self, chosen: Sequence[int]) -> float:
        """Predicted time over the reference's, with each kernel at `SHARES[chosen[i]]`."""
        spent = sum(each.nanoseconds[index] for each, index in zip(self.kernels, chosen, strict=True))
        return (self.rest_nanoseconds + spent) / self.reference_nanoseconds

    def file_bytes(self, chosen: Sequence[int]) -> int:
        """Bytes of the file, to about a hundredth: the converter stores other small weights its own way."""
        return self.rest_bytes + sum(each.bytes[index] for each, index in zip(self.kernels, chosen, strict=True))


@dataclass(frozen=True)
class Choice:
    """`rises`: by layer, how much the loss rises at each of `SHARES`; `chosen`: the index of each kernel's share."""

    rises: dict[str, list[float]]
    chosen: list[int]


def save_choice(choice: Choice, file: Path) -> None:
    """Replace the file. Raises OutsideError where it may not be written."""
    write_file(file, json.dumps(asdict(choice)).encode())


def load_choice(file: Path, allowance: Allowance) -> Choice | None:
    """What `save_choice` stored for these kernels; None where it is not there."""
    try:
        choice = Choice(**json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError, ValueError):
        return None
    return choice if list(choice.rises) == [kernel.layer for kernel in allowance.kernels] else None


def allow(budget: Budget, *, student: bytes, reference: bytes, variant: str) -> Allowance:
    """What a budget leaves to the kernels of `student`, a TFLite file that is ready to be pruned.

    `reference`: the file that the budget's shares are of. Raises InputError where nothing in the student can run
    sparse, and where even the most zeros cost more than the budget; the sentence says what the least cost is.
    """
    times = sparse_times(read_model(student, name=variant), SHARES)
    if times is None:
        raise InputError(
            f"variant '{variant}' has a budget, but nothing in its network can run sparse; 'zoo inspect' says why."
        )
    costs = tuple(
        KernelCosts(
            layer=f"conv_2d_{each.operator}",
            weights=each.outputs * each.inputs,
            dense_nanoseconds=each.dense_nanoseconds,
            nanoseconds=each.nanoseconds,
            bytes=tuple(_stored_bytes(each.outputs, each.inputs, share) for share in SHARES),
        )
        for each in times.kernels
    )
    allowance = Allowance(
        budget=budget,
        kernels=costs,
        rest_nanoseconds=times.rest,
        rest_bytes=_rest_bytes(student, costs),
        reference_nanoseconds=dense_time(read_model(reference, name=variant)),
        reference_bytes=len(reference),
    )
    _check_least(allowance, variant)
    return allowance


def choose(allowance: Allowance, rises: Mapping[str, Sequence[float]]) -> list[int]:
    """For each kernel of the allowance the index into `SHARES` that it gets.

    `rises`: by layer, how much the loss rises at each of `SHARES`.
    """
    kernels, count = allowance.kernels, len(SHARES)
    weights = np.array([each.weights for each in kernels])
    constraints = [
        LinearConstraint(np.kron(np.eye(len(kernels)), np.ones(count)), 1, 1),
        LinearConstraint(np.kron(weights, SHARES)[None] / weights.sum(), LEAST_ZEROS, np.inf),
        *(LinearConstraint(np.concatenate(costs)[None], -np.inf, 1) for costs in _shares_of_limits(allowance)),
    ]
    sensitivity = np.concatenate([np.asarray(rises[each.layer]) for each in kernels])
    solved = milp(sensitivity, constraints=constraints, integrality=np.ones(len(sensitivity)), bounds=Bounds(0, 1))
    if solved.x is None:
        raise InputError(f"no shares of zeros keep the budget ({solved.message}); allow it more.")
    return [int(index) for index in solved.x.reshape(len(kernels), count).argmax(axis=1)]


def _shares_of_limits(allowance: Allowance) -> list[list[list[float]]]:
    """For each limit, kernel and share of zeros: the cost over what the limit leaves to all kernels."""
    budget, limits = allowance.budget, []
    if budget.wasm_time is not None:
        left = budget.wasm_time * allowance.reference_nanoseconds - allowance.rest_nanoseconds
        limits.append([[one / left for one in each.nanoseconds] for each in allowance.kernels])
    if budget.bytes is not None:
        left = budget.bytes * allowance.reference_bytes - allowance.rest_bytes
        limits.append([[one / left for one in each.bytes] for each in allowance.kernels])
    return limits


def _check_least(allowance: Allowance, variant: str) -> None:
    most = [len(SHARES) - 1] * len(allowance.kernels)
    for name, limit, least in (
        ("wasm_time", allowance.budget.wasm_time, allowance.wasm_time(most)),
        ("bytes", allowance.budget.bytes, allowance.file_bytes(most) / allowance.reference_bytes),
    ):
        if limit is not None and least > limit:
            raise InputError(
                f"variant '{variant}': budget.{name} is {limit:g}, and with {SHARES[-1]:.0%} zeros everywhere the "
                f"network still costs {least:.3f} of the published file; allow at least that."
            )


def _stored_bytes(outputs: int, inputs: int, share: float) -> int:
    """A 1x1 kernel in float16 with that share of zeros, sparse storage and its operator included; dense at 0."""
    weights = outputs * inputs
    kept = weights - round(share * weights)
    if kept == weights:
        return _HALF * weights
    indices, segments = (index_type(largest).itemsize for largest in (inputs - 1, kept))
    return kept * (_HALF + indices) + (outputs + 1) * segments + _UNPACKING


def _rest_bytes(student: bytes, costs: Sequence[KernelCosts]) -> int:
    """Bytes of all but the kernels, in float16: of a file that is pruned and stored sparse, less what these take there.

    Other weights that happen to hold many zeros are stored sparse too, so a dense file would not tell.
    """
    made = sparsify(prune_by_magnitude(student, SHARES[-1])).data
    model = read_model(made)
    held = {tensor.buffer for tensor in kernels(model.main) if tensor.dtype == "float32"}
    halves = sum(model.buffers[buffer].size for buffer in held) // _HALF
    return len(made) - halves - sum(each.bytes[-1] for each in costs)
