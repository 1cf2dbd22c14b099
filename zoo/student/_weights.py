"""A trained student's weights on disk: one array a layer's weight, by layer name, without pickle."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import write_array

from zoo.errors import InputError

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Every member's date, so that the same weights give the same bytes."""


def save_weights(model: Any, path: Path) -> None:
    """Write the weights of a tf_keras model as an npz whose bytes depend on nothing but the weights."""
    partial = path.with_suffix(".tmp")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for layer in model.layers:
            for index, values in enumerate(layer.get_weights()):
                with archive.open(zipfile.ZipInfo(f"{layer.name}.{index}.npy", ZIP_DATE), "w", force_zip64=True) as out:
                    write_array(out, np.ascontiguousarray(values), allow_pickle=False)  # type: ignore[no-untyped-call]
    partial.replace(path)


def load_weights(model: Any, path: Path) -> None:
    """Set the weights of a tf_keras model from `save_weights`'s file, layer by layer.

    Raises InputError where the file does not hold exactly this model's weights.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            for layer in model.layers:
                count = len(layer.get_weights())
                if count:
                    layer.set_weights([stored[f"{layer.name}.{index}"] for index in range(count)])
            expected = sum(len(layer.get_weights()) for layer in model.layers)
            if expected != len(stored.files):
                raise ValueError(f"it holds {len(stored.files)} arrays, the model {expected}")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} does not hold this student's weights ({error}); train it again.") from error


def score_heads(model: Any, output: int) -> list[Any]:
    """Find the last layers with a bias before output number `output`: shifting them all shifts every score logit.

    One for each part where the output is put together from maps of several sizes. Only layers that move values without
    changing them may come after them; ValueError otherwise.
    """
    moving = {"Concatenate", "DepthToSpace", "FirstChannels", "Reshape", "Reverse", "SpaceToDepth"}
    heads: dict[str, Any] = {}
    left = [model.outputs[output]]
    while left:
        layer = left.pop(0).node.layer
        if layer.__class__.__name__ in moving:
            left += layer.input if isinstance(layer.input, list) else [layer.input]
        elif getattr(layer, "use_bias", False):
            heads[layer.name] = layer
        else:
            raise ValueError(f"layer '{layer.name}' before the scores has no bias to shift")
    return list(heads.values())
