"""Which weights of a 1x1 kernel pruning keeps: the largest ones, anywhere or in a pattern that hardware likes.

The patterns are those of tfmot's `prune_low_magnitude` (`sparsity_m_by_n` and `block_size` in its
`sparsity/keras/pruning_impl.py`), which sees a kernel as (inputs, outputs); here it is (outputs, inputs), as TFLite
stores it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError

Keep = Callable[[npt.NDArray[Any]], npt.NDArray[np.bool_]]
"""From a kernel's magnitudes, (outputs, inputs), which of its weights stay; the shape stays."""


def largest(share: float) -> Keep:
    """All but the smallest `floor(share * weights)`; ties go in order. `share`: 0 to below 1."""
    return partial(_all_but_smallest, share=share)


def two_of_four() -> Keep:
    """Of every 4 consecutive inputs of an output, the 2 largest: tfmot's `sparsity_m_by_n=(2, 4)`."""
    return _two_of_four


def output_blocks(share: float, *, outputs: int) -> Keep:
    """Blocks of `outputs` consecutive outputs for one input, all but the smallest by their mean magnitude.

    tfmot's `block_size=(1, outputs)` with average pooling. Outputs that fill no whole block form a smaller one.
    """
    return partial(_blocks, share=share, outputs=outputs)


def _all_but_smallest(magnitudes: npt.NDArray[Any], *, share: float) -> npt.NDArray[np.bool_]:
    keep = np.ones(magnitudes.size, np.bool_)
    count = int(share * magnitudes.size)
    if count:
        keep[np.argsort(magnitudes, axis=None, kind="stable")[:count]] = False
    return keep.reshape(magnitudes.shape)


def _two_of_four(magnitudes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    outputs, inputs = magnitudes.shape
    if inputs % 4:
        raise InputError(f"2:4 needs inputs in groups of 4, and a 1x1 kernel has {inputs}; widen it, or use blocks.")
    groups = magnitudes.reshape(outputs, inputs // 4, 4)
    keep = np.ones(groups.shape, np.bool_)
    np.put_along_axis(keep, np.argsort(groups, axis=-1, kind="stable")[..., :2], False, axis=-1)
    return keep.reshape(magnitudes.shape)


def _blocks(magnitudes: npt.NDArray[Any], *, share: float, outputs: int) -> npt.NDArray[np.bool_]:
    starts = np.arange(0, len(magnitudes), outputs)
    sizes = np.diff(np.append(starts, len(magnitudes)))
    means = np.add.reduceat(magnitudes.astype(np.float64), starts, axis=0) / sizes[:, None]
    return np.repeat(_all_but_smallest(means, share=share), sizes, axis=0)
