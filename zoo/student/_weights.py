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


def score_head(model: Any, output: int) -> Any:
    """Find the last layer with a bias before output number `output`: shifting its bias shifts every score logit.

    Only layers that move values without changing them may come after it; ValueError otherwise.
    """
    moving = {"DepthToSpace", "FirstChannels", "Reshape", "Reverse", "SpaceToDepth"}
    tensor = model.outputs[output]
    while True:
        layer = tensor.node.layer
        if layer.__class__.__name__ not in moving:
            if getattr(layer, "use_bias", False):
                return layer
            raise ValueError(f"layer '{layer.name}' before the scores has no bias to shift")
        tensor = layer.input
