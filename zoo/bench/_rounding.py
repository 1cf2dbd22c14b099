"""Models that round values to int8 as they run: how far apart the outputs of right kernels may then be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.tflite import Model, Operator, read_model

QUANTIZED_SHARE = 0.02
"""Of the output's magnitude, for a model with int8 layers.

LiteRT's reference kernels round a product of scales twice and XNNPACK once, and dynamic-range layers choose the range
of their input in different ways; each is up to one of 255 steps, and later layers see it. MobileNetV2 with seeded
weights and dynamic-range int8 was 0.006 apart on an AVX2 host and in WebAssembly; a wrong answer is by about 1.
"""

_QUANTIZED = ("int8", "uint8", "int16")
_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True)
class Rounding:
    """`share` of an output's magnitude, and `step`, one step of outputs that were quantized before they came out."""

    share: float = 0.0
    step: float = 0.0


NO_ROUNDING = Rounding()


def rounding_of(path: Path) -> Rounding:
    """How far apart right kernels may be on a model. Raises InputError where it is no sound TFLite model."""
    model = read_model(path)
    layers = (operator for operator in model.operators if operator.name in _LAYERS)
    share = QUANTIZED_SHARE if any(_computes_in_int8(model, layer) for layer in layers) else 0.0
    return Rounding(share=share, step=max((_step(model, output) for output in model.outputs), default=0.0))


def _computes_in_int8(model: Model, layer: Operator) -> bool:
    return len(layer.inputs) > 1 and layer.inputs[1] >= 0 and model.tensors[layer.inputs[1]].dtype in _QUANTIZED


def _step(model: Model, output: int) -> float:
    """The scale of a value that DEQUANTIZE makes an output of; 0 for any other output."""
    made = model.main.producers.get(output)
    if made is None or made.name != "DEQUANTIZE" or not made.inputs:
        return 0.0
    quantization = model.tensors[made.inputs[0]].quantization
    return max(quantization.scale, default=0.0) if quantization is not None else 0.0
