"""What zeros in each kernel cost: the rise of the loss when one kernel alone is pruned, at each of several shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.progress import Ticker
from zoo.training._batches import Batch
from zoo.training._lesson import LossFunction
from zoo.training._reconstruction import apply_layer, moments, pruned_in_rounds, set_weights, sources
from zoo.training._teacher import Floats

FIRST_CUTS = (0.2, 0.35)
"""A kernel comes to the first share that is asked for in smaller cuts, as in `pruned_least_squares`."""


def loss_rises(
    model: Any,
    kernels: Sequence[str],
    shares: Sequence[float],
    *,
    inputs: Floats,
    loss: Callable[[], float],
    ticker: Ticker,
) -> dict[str, list[float]]:
    """For each kernel, by layer name, how much the loss rises at each share of its weights that is zero.

    Each is pruned alone, by reconstruction on `inputs` (n, side, side, 3), with all others as they are; `shares`
    ascend and are above 0. A rise is at least 0, and no less than at a smaller share: below that is noise. `loss`
    judges `model` as it is, and `model` keeps its weights. `ticker` advances by 1 a kernel.
    """
    left = Counter(source for layer in model.layers for source in sources(layer))
    maps: dict[str, Floats] = {}
    rises: dict[str, list[float]] = {}
    start = loss()
    cuts = [cut for cut in FIRST_CUTS if cut < shares[0]]
    fitted = range(len(cuts), len(cuts) + len(shares))
    for layer in model.layers:
        read = sources(layer)
        maps[layer.name] = apply_layer(layer, [maps[source] for source in read]) if read else inputs
        if layer.name in kernels:
            kept = layer.get_weights()
            of_layer = moments(layer, maps[read[0]], maps[layer.name])
            losses = []
            for weights in pruned_in_rounds(*of_layer, [*cuts, *shares], fitted=fitted):
                set_weights(layer, weights)
                losses.append(loss())
            layer.set_weights(kept)
            rises[layer.name] = np.maximum.accumulate(np.maximum(np.array(losses) - start, 0.0)).tolist()
            ticker.advance(1)
        for source in read:
            left[source] -= 1
            if not left[source]:
                del maps[source]
    return rises


def mean_loss(model: Any, functions: Sequence[LossFunction], batches: Sequence[Batch]) -> Callable[[], float]:
    """What gives the mean over batches of the loss that training lowers, with the model's weights of that moment."""
    import tensorflow as tf

    answer_to = tf.function(lambda inputs: model(inputs, training=False))

    def judged() -> float:
        total = 0.0
        for batch in batches:
            answers = answer_to(batch.inputs)
            answers = answers if isinstance(answers, list | tuple) else [answers]
            for function, target, answer, weight in zip(functions, batch.targets, answers, batch.weights, strict=True):
                total += float(tf.reduce_mean(function(target, answer) * weight))
        return total / len(batches)

    return judged
