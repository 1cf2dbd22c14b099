"""Networks that are only measured: Keras's own applications, made sparse-ready, with seeded weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.spec import Network
from zoo.student._tensorflow import start_tensorflow

_BIAS = 0.5
"""Standard deviation of the biases: with them, values stay alive through layers whose weights are nearly all pruned."""


def seeded_network(network: Network) -> Any:
    """The tf_keras model of a declared network: input (1, side, side, 3) float32 in [-1, 1], output (1, 1000), softmax.

    As the announcement of sparse inference made it: the first convolution is VALID after an explicit padding of 1 on
    each side, and so is every depthwise convolution of stride 2, where Keras's own pads after the picture alone
    (`tf_keras.applications.imagenet_utils.correct_pad`). Sizes of all layers stay.

    Weights are drawn by NumPy alone, so that a seed means the same ones on every machine: normal, with a variance of
    1 / inputs (LeCun et al., Efficient BackProp, 1998, section 4.6). With Keras's own start the values vanish layer by
    layer, and outputs that are all alike cannot be compared; with twice the variance, differences by rounding grow.
    """
    start_tensorflow(seed=network.seed)
    import tf_keras as keras

    inputs = keras.Input((network.side, network.side, 3), batch_size=1, name="input")
    padded = keras.layers.ZeroPadding2D(1, name="Conv1_pad")(inputs)
    unready = keras.applications.MobileNetV2(input_tensor=padded, alpha=network.width, weights=None)

    def ready(layer: Any) -> Any:
        settings = layer.get_config()
        if layer.name == "Conv1":
            settings["padding"] = "valid"
        elif isinstance(layer, keras.layers.ZeroPadding2D):
            settings["padding"] = ((1, 1), (1, 1))
        return type(layer).from_config(settings)

    model = keras.models.clone_model(unready, clone_function=ready)
    rng = np.random.default_rng(network.seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale, shift, mean, variance = layer.get_weights()
            layer.set_weights([scale, rng.normal(0, _BIAS, shift.shape), mean, variance])
        elif layer.weights:
            layer.set_weights([_drawn(rng, layer, values) for values in layer.get_weights()])
    return keras.Model(model.inputs, model.outputs, name=network.family)


def _drawn(rng: np.random.Generator, layer: Any, values: Any) -> Any:
    """Weights of a convolution or dense layer; a bias, which is a vector, is drawn as batch-norm's shifts are."""
    if values.ndim == 1:
        return rng.normal(0, _BIAS, values.shape)
    # A depthwise kernel is (height, width, channels, 1), each channel reading only itself.
    inputs = np.prod(values.shape[:2]) if "depthwise" in layer.name else np.prod(values.shape[:-1])
    return rng.normal(0, 1 / np.sqrt(inputs), values.shape)
