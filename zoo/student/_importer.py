"""TFLite to tf_keras: one layer an operator, weights as stored, for what MediaPipe's models and rewrites use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.student._tensorflow import start_tensorflow
from zoo.tflite import Model, Operator, constant_value, read_model

WEIGHT_STORAGE = {"DENSIFY", "DEQUANTIZE"}
"""Operators that only unpack constants: they become constants."""


@dataclass(frozen=True)
class ImportedStudent:
    """`model`: a tf_keras functional model with the file's outputs in the file's order; `operators`: counts by name."""

    model: Any
    operators: dict[str, int]
    parameters: int


def import_student(source: bytes, *, name: str, batch: int | None = None) -> ImportedStudent:
    """Build the tf_keras model of a TFLite file; its layers are named after the file's operators.

    `batch` fixes the batch size: conversion wants 1, since MediaPipe and the LiteRT web runtime take static shapes.
    Raises InputError naming the first operator, or setting of one, that has no Keras form here.
    """
    start_tensorflow()
    return _Importer(read_model(source), name).build(batch)


class _Importer:
    def __init__(self, model: Model, name: str) -> None:
        import tf_keras as keras

        from zoo.student import _layers

        self._model, self._name = model, name
        self._keras, self._own = keras, _layers
        self._values: dict[int, Any] = {}

    def build(self, batch: int | None) -> ImportedStudent:
        makers: dict[str, Callable[[Operator], Any]] = {
            "ADD": self._add,
            "CONCATENATION": self._concatenate,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "DEPTH_TO_SPACE": self._depth_to_space,
            "FULLY_CONNECTED": self._dense,
            "LOGISTIC": self._sigmoid,
            "MAX_POOL_2D": self._max_pool,
            "MEAN": self._mean,
            "MUL": self._scale,
            "PAD": self._pad,
            "PRELU": self._prelu,
            "RELU": self._relu,
            "RESHAPE": self._reshape,
            "RESIZE_BILINEAR": self._resize,
            "REVERSE_V2": self._reverse,
            "SLICE": self._first_channels,
            "SPACE_TO_DEPTH": self._space_to_depth,
        }
        operators = [o for o in self._model.operators if o.name not in WEIGHT_STORAGE]
        for operator in operators:
            if operator.name not in makers:
                known = ", ".join(sorted(makers))
                raise InputError(
                    f"{self._name}: operator {operator.index} is {operator.name}, which has no Keras form here"
                    f" (known: {known}); add it to zoo/student or start from another file."
                )
        if len(self._model.inputs) != 1:
            raise InputError(f"{self._name} has {len(self._model.inputs)} inputs; a student has exactly one.")
        shape = self._model.tensors[self._model.inputs[0]].shape
        inputs = self._keras.Input(batch_size=batch, shape=shape[1:], name="input")
        self._values[self._model.inputs[0]] = inputs
        for operator in operators:
            output = makers[operator.name](operator)
            self._values[operator.outputs[0]] = self._activate(operator, output)
        # Named, since Keras counts unnamed models, and the file's tensor names and so its bytes would follow the count.
        outputs = [self._value(index) for index in self._model.outputs]
        model = self._keras.Model(inputs, outputs, name="student")
        return ImportedStudent(
            model=model,
            operators=dict(sorted(Counter(o.name for o in self._model.operators).items())),
            parameters=int(model.count_params()),
        )

    def _value(self, index: int) -> Any:
        if index not in self._values:
            raise InputError(f"{self._name}: tensor '{self._model.tensors[index].name}' is read before it is written.")
        return self._values[index]

    def _constant(self, operator: Operator, position: int) -> npt.NDArray[Any]:
        value = None
        if position < len(operator.inputs) and operator.inputs[position] >= 0:
            value = constant_value(self._model, operator.inputs[position])
        if value is None:
            raise self._unsupported(operator, f"input {position} is not a constant")
        return value

    def _unsupported(self, operator: Operator, why: str) -> InputError:
        return InputError(
            f"{self._name}: operator {operator.index} ({operator.name}): {why}, which has no Keras form here."
        )

    def _layer_name(self, operator: Operator) -> str:
        return f"{operator.name.lower()}_{operator.index}"

    def _input(self, operator: Operator, position: int = 0) -> Any:
        return self._value(operator.inputs[position])

    def _activate(self, operator: Operator, output: Any) -> Any:
        activation = operator.options.activation
        if activation in (None, "NONE"):
            return output
        if activation == "RELU":
            return self._keras.layers.ReLU(name=f"{self._layer_name(operator)}_relu")(output)
        if activation == "RELU6":
            return self._keras.layers.ReLU(6.0, name=f"{self._layer_name(operator)}_relu6")(output)
        raise self._unsupported(operator, f"fused activation {activation}")

    def _weights(self, operator: Operator) -> list[npt.NDArray[np.float32]]:
        kernel = self._constant(operator, 1).astype(np.float32)
        if operator.options.dilation not in (None, (1, 1)):
            raise self._unsupported(operator, f"dilation {operator.options.dilation}")
        # CONV_2D stores (out, h, w, in), DEPTHWISE_CONV_2D (1, h, w, channels); Keras wants (h, w, in, out) and
        # (h, w, channels, 1): the same turn of the axes.
        return [kernel.transpose(1, 2, 3, 0), self._constant(operator, 2).astype(np.float32)]

    def _with_weights(self, layer: Any, operator: Operator, weights: list[npt.NDArray[np.float32]]) -> Any:
        output = layer(self._input(operator))
        layer.set_weights(weights)
        return output

    def _convolution(self, operator: Operator) -> Any:
        weights = self._weights(operator)
        if weights[0].shape[2] != self._input(operator).shape[-1]:
            raise self._unsupported(operator, "grouped convolution")
        layer = self._keras.layers.Conv2D(
            weights[0].shape[3],
            weights[0].shape[:2],
            strides=operator.options.strides,
            padding=(operator.options.padding or "VALID").lower(),
            name=self._layer_name(operator),
        )
        return self._with_weights(layer, operator, weights)

    def _depthwise(self, operator: Operator) -> Any:
        weights = self._weights(operator)
        if weights[0].shape[2] != self._input(operator).shape[-1]:
            raise self._unsupported(operator, "a depth multiplier above 1")
        layer = self._keras.layers.DepthwiseConv2D(
            weights[0].shape[:2],
            strides=operator.options.strides,
            padding=(operator.options.padding or "VALID").lower(),
            name=self._layer_name(operator),
        )
        return self._with_weights(layer, operator, weights)

    def _dense(self, operator: Operator) -> Any:
        # Stored (out, in); Keras wants (in, out). An absent bias is input -1, or no input at all.
        kernel = self._constant(operator, 1).astype(np.float32).T
        if self._input(operator).shape[1:] != kernel.shape[:1]:
            raise self._unsupported(operator, f"an input of shape {tuple(self._input(operator).shape[1:])}")
        biased = len(operator.inputs) > 2 and operator.inputs[2] >= 0
        weights = [kernel, self._constant(operator, 2).astype(np.float32)] if biased else [kernel]
        layer = self._keras.layers.Dense(kernel.shape[1], use_bias=biased, name=self._layer_name(operator))
        return self._with_weights(layer, operator, weights)

    def _sigmoid(self, operator: Operator) -> Any:
        return self._keras.layers.Activation("sigmoid", name=self._layer_name(operator))(self._input(operator))

    def _mean(self, operator: Operator) -> Any:
        inputs, axes = self._input(operator), self._constant(operator, 1).ravel().tolist()
        if len(inputs.shape) != 4 or sorted(axis % 4 for axis in axes) != [1, 2]:
            raise self._unsupported(operator, f"axes {axes} of a value of shape {tuple(inputs.shape[1:])}")
        return self._keras.layers.GlobalAveragePooling2D(
            keepdims=bool(operator.options.keep_dims), name=self._layer_name(operator)
        )(inputs)

    def _prelu(self, operator: Operator) -> Any:
        inputs, slopes = self._input(operator), self._constant(operator, 1).astype(np.float32)
        if slopes.size != slopes.shape[-1] or slopes.size != inputs.shape[-1] or len(inputs.shape) != 4:
            raise self._unsupported(operator, f"slopes of shape {slopes.shape}")
        layer = self._keras.layers.PReLU(shared_axes=[1, 2], name=self._layer_name(operator))
        return self._with_weights(layer, operator, [slopes.reshape(1, 1, -1)])

    def _add(self, operator: Operator) -> Any:
        return self._keras.layers.Add(name=self._layer_name(operator))(
            [self._input(operator, 0), self._input(operator, 1)]
        )

    def _concatenate(self, operator: Operator) -> Any:
        values = [self._input(operator, place) for place in range(len(operator.inputs))]
        return self._keras.layers.Concatenate(axis=operator.options.axis, name=self._layer_name(operator))(values)

    def _scale(self, operator: Operator) -> Any:
        places = [place for place, value in enumerate(operator.inputs) if value not in self._values]
        if len(places) != 1:
            raise self._unsupported(operator, "a product of two values")
        factors = self._constant(operator, places[0])
        if factors.size != (factors.shape or (1,))[-1]:
            raise self._unsupported(operator, f"a constant of shape {factors.shape}")
        layer = self._own.Scale(factors.astype(np.float32).ravel().tolist(), name=self._layer_name(operator))
        return layer(self._input(operator, 1 - places[0]))

    def _relu(self, operator: Operator) -> Any:
        return self._keras.layers.ReLU(name=self._layer_name(operator))(self._input(operator))

    def _pad(self, operator: Operator) -> Any:
        padding = self._constant(operator, 1).tolist()
        if padding[0] != [0, 0]:
            raise self._unsupported(operator, "padding of the batch")
        name = self._layer_name(operator)
        if padding[3] == [0, 0]:
            return self._keras.layers.ZeroPadding2D((tuple(padding[1]), tuple(padding[2])), name=name)(
                self._input(operator)
            )
        return self._own.ZeroPad(padding[1:], name=name)(self._input(operator))

    def _max_pool(self, operator: Operator) -> Any:
        window, strides, inputs = operator.options.window, operator.options.strides, self._input(operator)
        square = window is not None and window == strides and window[0] == window[1]
        if window is None or not square or any(side % window[0] for side in inputs.shape[1:3]):
            raise self._unsupported(operator, f"window {window} with strides {strides}")
        return self._own.TiledMaxPool(window[0], name=self._layer_name(operator))(inputs)

    def _resize(self, operator: Operator) -> Any:
        inputs, size = self._input(operator), self._constant(operator, 1).tolist()
        if operator.options.align_corners or not operator.options.half_pixel_centers:
            raise self._unsupported(operator, "corner alignment other than half-pixel centres")
        factors = tuple(after // before for after, before in zip(size, inputs.shape[1:3], strict=True))
        if [f * side for f, side in zip(factors, inputs.shape[1:3], strict=True)] != size:
            raise self._unsupported(operator, f"resize from {inputs.shape[1:3]} to {size}")
        layer = self._keras.layers.UpSampling2D(factors, interpolation="bilinear", name=self._layer_name(operator))
        return layer(inputs)

    def _depth_to_space(self, operator: Operator) -> Any:
        return self._own.DepthToSpace(operator.options.block_size or 1, name=self._layer_name(operator))(
            self._input(operator)
        )

    def _space_to_depth(self, operator: Operator) -> Any:
        return self._own.SpaceToDepth(operator.options.block_size or 1, name=self._layer_name(operator))(
            self._input(operator)
        )

    def _reverse(self, operator: Operator) -> Any:
        inputs, axes = self._input(operator), self._constant(operator, 1).ravel().tolist()
        if len(axes) != 1 or axes[0] % len(inputs.shape) == 0:
            raise self._unsupported(operator, f"axes {axes}")
        return self._own.Reverse(axes[0], name=self._layer_name(operator))(inputs)

    def _first_channels(self, operator: Operator) -> Any:
        inputs, begin = self._input(operator), self._constant(operator, 1).tolist()
        shape = self._model.tensors[operator.outputs[0]].shape
        if any(begin) or tuple(inputs.shape[1:-1]) != shape[1:-1]:
            raise self._unsupported(operator, f"a part of {tuple(inputs.shape[1:])} from {begin}")
        return self._own.FirstChannels(shape[-1], name=self._layer_name(operator))(inputs)

    def _reshape(self, operator: Operator) -> Any:
        shape = self._model.tensors[operator.outputs[0]].shape
        return self._keras.layers.Reshape(shape[1:], name=self._layer_name(operator))(self._input(operator))
