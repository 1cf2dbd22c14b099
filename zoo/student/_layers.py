"""Keras layers for TFLite operators that have no layer of their own."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras


@keras.utils.register_keras_serializable(package="zoo")
class DepthToSpace(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """DEPTH_TO_SPACE: (n, h, w, c * b * b) to (n, h * b, w * b, c) for block size b."""

    def __init__(self, block_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block_size = block_size

    def call(self, inputs: Any) -> Any:
        return tf.nn.depth_to_space(inputs, self.block_size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block_size": self.block_size}


@keras.utils.register_keras_serializable(package="zoo")
class ZeroPad(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """PAD with zeros of any dimension but the batch; `padding`: (before, after) for height, width, channels."""

    def __init__(self, padding: list[list[int]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs: Any) -> Any:
        return tf.pad(inputs, [[0, 0], *self.padding])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}


@keras.utils.register_keras_serializable(package="zoo")
class TiledMaxPool(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """MAX_POOL_2D whose window equals its stride and divides the map.

    A reshape and a maximum instead of TensorFlow 2.19's max-pool kernel, which ends the process on some x86 processors.
    """

    def __init__(self, window: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.window = window

    def call(self, inputs: Any) -> Any:
        _, height, width, channels = inputs.shape
        tiles = (-1, height // self.window, self.window, width // self.window, self.window, channels)
        return tf.reduce_max(tf.reshape(inputs, tiles), axis=[2, 4])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "window": self.window}


@keras.utils.register_keras_serializable(package="zoo")
class SpaceToDepth(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """SPACE_TO_DEPTH: (n, h * b, w * b, c) to (n, h, w, c * b * b) for block size b."""

    def __init__(self, block_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block_size = block_size

    def call(self, inputs: Any) -> Any:
        return tf.nn.space_to_depth(inputs, self.block_size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block_size": self.block_size}


@keras.utils.register_keras_serializable(package="zoo")
class Reverse(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """REVERSE_V2 of one dimension, which is not the batch."""

    def __init__(self, axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return tf.reverse(inputs, [self.axis])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@keras.utils.register_keras_serializable(package="zoo")
class FirstChannels(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """SLICE of a map's first channels."""

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def call(self, inputs: Any) -> Any:
        return inputs[..., : self.channels]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channels": self.channels}


@keras.utils.register_keras_serializable(package="zoo")
class Scale(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """MUL by a constant, which is not trained. `factors`: one, or one a channel."""

    def __init__(self, factors: list[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factors = factors

    def call(self, inputs: Any) -> Any:
        return inputs * tf.constant(self.factors, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factors": self.factors}
