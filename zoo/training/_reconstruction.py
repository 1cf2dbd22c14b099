"""Pruning by layer-wise reconstruction: a kernel loses the weights that its output misses least, the rest make up.

Kernel by kernel, from the input on, the weights that stay are fitted by least squares so that the pruned network, on
its own inner maps, computes what the dense one computes there. A network pruned by magnitude alone has to be trained
back from far away; this one starts near.

Which weights go: those of the smallest rise in error, w^2 / [G^-1]_jj for the Gram matrix G of a kernel's inputs (the
Optimal Brain Surgeon; Frantar and Alistarh, Optimal Brain Compression, 2022, section 4), a share at a time with a refit
between. Fitting to the dense network's output on the pruned network's input is that of AdaPrune (Hubara et al.,
Accelerated Sparse Neural Training, 2021, section 5).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from zoo.progress import Ticker
from zoo.training._policy import before
from zoo.training._teacher import Floats

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

ROUNDS = 6
"""In so many cuts a kernel comes to its sparsity, each smaller than the one before."""
RIDGE = 1e-3
"""Pull towards the dense weights, over the mean square of a kernel's inputs: some maps hardly ever differ from zero."""
CHUNK = 32
"""Inputs that go through a layer at once."""
ROWS = 1 << 17
"""Pixels that go into a Gram matrix at once."""


def reconstruct(model: Any, dense: Any, inputs: Floats, sparsities: Mapping[str, float], ticker: Ticker) -> None:
    """Prune `model` in place: each of its 1x1 convolutions named in `sparsities` to its share of zeros.

    `model` and `dense` are the same network with the same weights and share no layer; `inputs` (n, side, side, 3)
    are in the model's range. The convolutions have no activation of their own, as the importer makes them. `ticker`
    advances by 1 a layer.
    """
    left = Counter(source for layer in dense.layers for source in sources(layer))
    left.update(output.node.layer.name for output in dense.outputs)
    wanted: dict[str, Floats] = {}
    given: dict[str, Floats] = {}
    for layer, own in zip(dense.layers, model.layers, strict=True):
        name, read = layer.name, sources(layer)
        if not read:
            wanted[name] = given[name] = inputs
        else:
            wanted[name] = apply_layer(layer, [wanted[source] for source in read])
            pruned = own.name in sparsities
            if pruned:
                _fit(own, given[read[0]], wanted[name], sparsities[own.name])
            # Up to the first pruned kernel both compute the same.
            same = not pruned and all(given[source] is wanted[source] for source in read)
            given[name] = wanted[name] if same else apply_layer(own, [given[source] for source in read])
        for source in read:
            left[source] -= 1
            if not left[source]:
                del wanted[source], given[source]
        ticker.advance(1)


def pruned_least_squares(gram: Doubles, cross: Doubles, start: Doubles, sparsity: float) -> Doubles:
    """Weights (k + 1, m) with `sparsity` of the first k rows zero, near the least error that such weights can have.

    `gram` (k + 1, k + 1): mean of x x^T, and `cross` (k + 1, m): mean of x y^T, for inputs x whose last value is 1 and
    outputs y; the last row of weights is the bias. `start` (k + 1, m): the weights to which a ridge pulls.
    """
    rounds = [sparsity * (1 - (1 - done / ROUNDS) ** 2) for done in range(1, ROUNDS + 1)]
    return pruned_in_rounds(gram, cross, start, rounds, fitted=[len(rounds) - 1])[0]


def pruned_in_rounds(
    gram: Doubles, cross: Doubles, start: Doubles, rounds: Sequence[float], *, fitted: Sequence[int]
) -> list[Doubles]:
    """Weights as `pruned_least_squares` gives them, after each round whose number is in `fitted`, in order.

    `rounds`: the ascending shares of zeros to which the kernel is cut, one after the other.
    """
    inputs, outputs = len(gram) - 1, cross.shape[1]
    pull = np.zeros(inputs + 1)
    pull[:inputs] = RIDGE * np.mean(np.diag(gram)[:inputs]) + np.finfo(np.float32).tiny
    gram, cross = gram + np.diag(pull), cross + pull[:, None] * start
    kept = np.ones((inputs + 1, outputs), bool)
    rise = np.zeros((inputs, outputs))
    made: list[Doubles] = []

    def weigh(support: Indices, columns: Indices) -> None:
        inverse = np.linalg.inv(gram[np.ix_(support, support)])
        fitted = inverse @ cross[np.ix_(support, columns)]
        rise[np.ix_(support[:-1], columns)] = fitted[:-1] ** 2 / np.diag(inverse)[:-1, None]

    def fit(support: Indices, columns: Indices) -> None:
        at = np.ix_(support, columns)
        made[-1][at] = np.linalg.solve(gram[np.ix_(support, support)], cross[at])

    # Thousands of small systems: a thread for each, since BLAS's own threads would wait for one another.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, share in enumerate(rounds):
            rise[:] = -1.0
            list(pool.map(weigh, *zip(*_supports(kept), strict=True)))
            gone = np.argsort(rise, axis=None, kind="stable")[: round(share * rise.size)]
            kept[:inputs].flat[gone] = False
            if number in fitted:
                made.append(np.zeros_like(cross))
                list(pool.map(fit, *zip(*_supports(kept), strict=True)))
    return made


def _supports(kept: npt.NDArray[np.bool_]) -> list[tuple[Indices, Indices]]:
    """Columns by the rows that they keep; before anything is cut, all have the same."""
    columns: dict[bytes, list[int]] = {}
    for column in range(kept.shape[1]):
        columns.setdefault(kept[:, column].tobytes(), []).append(column)
    return [(np.flatnonzero(kept[:, same[0]]), np.array(same)) for same in columns.values()]


def _fit(layer: Any, inputs: Floats, outputs: Floats, sparsity: float) -> None:
    set_weights(layer, pruned_least_squares(*moments(layer, inputs, outputs), sparsity))


def set_weights(layer: Any, weights: Doubles) -> None:
    """Give a 1x1 convolution its kernel and, in the last row, its bias: (k + 1, m)."""
    layer.kernel.assign(weights[:-1].reshape(layer.kernel.shape))
    layer.bias.assign(weights[-1])


def moments(layer: Any, inputs: Floats, outputs: Floats) -> tuple[Doubles, Doubles, Doubles]:
    """`gram`, `cross` and `start` of `pruned_least_squares`, for a 1x1 convolution of (n, h, w, k) to (n, h, w, m)."""
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    pixels, answers = inputs.reshape(-1, kernel.shape[-2]), outputs.reshape(-1, kernel.shape[-1])
    gram = np.zeros((kernel.shape[-2] + 1,) * 2)
    cross = np.zeros((kernel.shape[-2] + 1, kernel.shape[-1]))
    for first in range(0, len(pixels), ROWS):
        part = pixels[first : first + ROWS]
        part = np.concatenate([part, np.ones((len(part), 1), np.float32)], axis=1)
        gram += part.T @ part
        cross += part.T @ answers[first : first + ROWS]
    start = np.concatenate([kernel.reshape(-1, kernel.shape[-1]), bias[None]]).astype(np.float64)
    return gram / len(pixels), cross / len(pixels), start


def apply_layer(layer: Any, inputs: Sequence[Floats]) -> Floats:
    parts = []
    for first in range(0, len(inputs[0]), CHUNK):
        values = [value[first : first + CHUNK] for value in inputs]
        parts.append(layer(values if len(values) > 1 else values[0]).numpy())
    return np.concatenate(parts)


def sources(layer: Any) -> list[str]:
    """Names of the layers whose values it reads; none for the input."""
    return [above.name for above in before(layer)]
