"""Which layers tfmot prunes: the 1x1 convolutions of a network that XNNPACK can run sparse.

tfmot's own `PruneForLatencyOnXNNPack` asks that every branch ends in GlobalAveragePooling2D and so refuses detectors.
XNNPACK's sparse region may also end in DEPTH_TO_SPACE (`xnn_subgraph_rewrite_for_nchw`, src/subgraph.c), as the heads
of MediaPipe's published sparse detectors do. The full rules, operator by operator, are those of `zoo.xnnpack`; this
policy checks what the Keras network shows.
"""

from __future__ import annotations

from typing import Any

import tf_keras as keras
from tensorflow_model_optimization.python.core.sparsity.keras.pruning_policy import PruningPolicy

from zoo.student._layers import DepthToSpace, FirstChannels, Reverse, Scale, SpaceToDepth

_ELEMENTWISE = (keras.layers.ReLU, keras.layers.Add, Scale, keras.layers.UpSampling2D, keras.layers.ZeroPadding2D)
_REGION_ENDS = (DepthToSpace, keras.layers.GlobalAveragePooling2D)
_FREE = (
    *(keras.layers.InputLayer, keras.layers.Reshape, keras.layers.Concatenate),
    *(Reverse, SpaceToDepth, FirstChannels),
)
"""Before the region, or behind its end."""


class PruneRegionForXNNPACK(PruningPolicy):  # type: ignore[misc, unused-ignore]
    """Prune every 1x1 convolution but the heads: the last ones before an output, few weights that decide everything."""

    def __init__(self) -> None:
        self._heads: set[str] = set()

    def allow_pruning(self, layer: Any) -> bool:
        """Whether tfmot may wrap the layer; asked once a layer, after the network was checked."""
        return _is_pointwise(layer) and layer.name not in self._heads

    def ensure_model_supports_pruning(self, model: Any) -> None:
        """Check the network; raises ValueError naming the first layer that XNNPACK's sparse region cannot hold."""
        if not any(_starts_region(layer) for layer in model.layers):
            raise ValueError("no 3x3 convolution of stride 2 over 3 channels starts a region that XNNPACK runs sparse")
        for layer in model.layers:
            if not _may_be_in_region(layer):
                raise ValueError(
                    f"layer '{layer.name}' ({layer.__class__.__name__}) cannot be in XNNPACK's sparse region;"
                    " rewrite it first (see zoo inspect)"
                )
        self._heads = {head for output in model.outputs for head in _heads_before(output)}


def _is_pointwise(layer: Any) -> bool:
    return (
        isinstance(layer, keras.layers.Conv2D)
        and not isinstance(layer, keras.layers.DepthwiseConv2D)
        and (tuple(layer.kernel_size), tuple(layer.strides), layer.groups) == ((1, 1), (1, 1), 1)
    )


def _starts_region(layer: Any) -> bool:
    return (
        isinstance(layer, keras.layers.Conv2D)
        and not isinstance(layer, keras.layers.DepthwiseConv2D)
        and (tuple(layer.kernel_size), tuple(layer.strides), layer.padding) == ((3, 3), (2, 2), "valid")
        and layer.input.shape[-1] == 3
    )


def _may_be_in_region(layer: Any) -> bool:
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        # SAME at stride 2 pads one side only; XNNPACK's sparse kernels want both sides alike.
        symmetric = layer.padding == "valid" or tuple(layer.strides) == (1, 1)
        return symmetric and tuple(layer.kernel_size) in {(3, 3), (5, 5)}
    return _is_pointwise(layer) or _starts_region(layer) or isinstance(layer, (*_ELEMENTWISE, *_REGION_ENDS, *_FREE))


def _heads_before(output: Any, *, ended: bool = False) -> list[str]:
    """Names of the 1x1 convolutions met first on the way back from an output; ValueError where no region ends there."""
    layer = output.node.layer
    ended = ended or isinstance(layer, _REGION_ENDS)
    if _is_pointwise(layer):
        if not ended:
            raise ValueError(
                f"the branch of output '{output.name}' ends in neither DEPTH_TO_SPACE nor GlobalAveragePooling2D,"
                " so XNNPACK runs the network dense"
            )
        return [layer.name]
    inputs = output.node.input_tensors
    if not isinstance(inputs, list):
        inputs = [inputs]
    joins = isinstance(layer, keras.layers.Concatenate)
    if (len(inputs) != 1 and not joins) or isinstance(layer, keras.layers.InputLayer):
        raise ValueError(f"no 1x1 convolution comes last before output '{output.name}'")
    return [head for tensor in inputs for head in _heads_before(tensor, ended=ended)]
