"""Which layers tfmot prunes: the 1x1 convolutions of a network that XNNPACK can run sparse.

tfmot's own `PruneForLatencyOnXNNPack` asks that every branch ends in GlobalAveragePooling2D and so refuses detectors.
XNNPACK's sparse region may also end in DEPTH_TO_SPACE (`xnn_subgraph_rewrite_for_nchw`, src/subgraph.c), as the heads
of MediaPipe's published sparse detectors do. The full rules, operator by operator, are those of `zoo.xnnpack`; this
policy checks what the Keras network shows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import tensorflow_model_optimization as tfmot
import tf_keras as keras
from tensorflow_model_optimization.python.core.sparsity.keras.pruning_policy import PruningPolicy
from tensorflow_model_optimization.python.core.sparsity.keras.pruning_wrapper import PruneLowMagnitude

from zoo.spec import PruningSchedule
from zoo.student._layers import DepthToSpace, Scale
from zoo.training._precision import keep_in_float32

_ELEMENTWISE = (keras.layers.ReLU, keras.layers.Add, Scale, keras.layers.UpSampling2D, keras.layers.ZeroPadding2D)
_REGION_ENDS = (DepthToSpace, keras.layers.GlobalAveragePooling2D)


class PruneRegionForXNNPACK(PruningPolicy):  # type: ignore[misc, unused-ignore]
    """Prune every 1x1 convolution of the sparse region but the heads, which are told apart.

    Heads are the last convolutions or dense layers before an output: few weights that decide everything.
    """

    def __init__(self) -> None:
        self._pruned: set[str] = set()
        self._heads: set[str] = set()

    def is_head(self, layer: Any) -> bool:
        """Whether the layer is the last convolution before an output, inside the region."""
        return layer.name in self._heads

    def allow_pruning(self, layer: Any) -> bool:
        """Whether tfmot may wrap the layer; asked once a layer, after the network was checked."""
        return layer.name in self._pruned

    def ensure_model_supports_pruning(self, model: Any) -> None:
        """Check the network; raises ValueError naming the first layer that XNNPACK's sparse region cannot hold."""
        region = _region(model)
        if not region:
            raise ValueError("no 3x3 convolution of stride 2 over 3 channels starts a region that XNNPACK runs sparse")
        ends = {output.node.layer.name for output in model.outputs}
        for layer in region:
            if not _may_be_in_region(layer):
                raise ValueError(
                    f"layer '{layer.name}' ({layer.__class__.__name__}) cannot be in XNNPACK's sparse region;"
                    " rewrite it first (see zoo inspect)"
                )
            if layer.name in ends and not isinstance(layer, _REGION_ENDS):
                raise ValueError(
                    f"the branch of output '{layer.name}' ends in neither DEPTH_TO_SPACE nor GlobalAveragePooling2D,"
                    " so XNNPACK runs the network dense"
                )
        heads = {head for output in model.outputs for head in _heads_before(output.node.layer)}
        pointwise = {layer.name for layer in region if _is_pointwise(layer)}
        self._pruned, self._heads = pointwise - heads, pointwise & heads


def kernel_sparsities(model: Any, pruning: PruningSchedule, *, sparsity: float) -> dict[str, float]:
    """The final share of zeros of each kernel to be pruned, by layer: `sparsity` in the trunk, else `head_sparsity`.

    Raises ValueError as the policy does.
    """
    policy = PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(model)
    shares = {}
    for layer in model.layers:
        if policy.allow_pruning(layer):
            shares[layer.name] = sparsity
        elif policy.is_head(layer) and pruning.head_sparsity:
            shares[layer.name] = pruning.head_sparsity
    return shares


def check_budgeted(model: Any, layers: Collection[str]) -> None:
    """Raises ValueError as the policy does, or where it allows no zeros in one of the layers."""
    policy = PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(model)
    for layer in model.layers:
        if layer.name in layers and not (policy.allow_pruning(layer) or policy.is_head(layer)):
            raise ValueError(f"layer '{layer.name}' is no 1x1 convolution of the sparse region")


def wrap_for_pruning(
    model: Any, pruning: PruningSchedule, shares: Mapping[str, float], *, updates: int, has_zeros: bool = False
) -> Any:
    """The network with each kernel in `shares`, by layer name, wrapped by tfmot, which brings it to its share of zeros.

    `updates` are those of the prune step. With `has_zeros` the kernels have their zeros already and keep them. What
    `tfmot...prune_low_magnitude` does, with a schedule by layer.
    """

    def wrapped(layer: Any) -> Any:
        if layer.name not in shares:
            return layer
        final = shares[layer.name]
        first = final if has_zeros else min(pruning.initial_sparsity, final)
        schedule = _schedule(pruning, first, final, updates)
        return PruneLowMagnitude(layer, pruning_schedule=schedule, dtype=layer.dtype_policy)

    wrapped_model = keras.models.clone_model(model, clone_function=wrapped)
    for layer in wrapped_model.layers:
        if isinstance(layer, PruneLowMagnitude):
            keep_in_float32(layer)
    return wrapped_model


def _schedule(pruning: PruningSchedule, first: float, final: float, updates: int) -> Any:
    every = min(pruning.update_every, max(1, updates // 10))
    return tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=first,
        final_sparsity=final,
        begin_step=1,
        # A whole number of mask updates, so that the last one falls on the final sparsity.
        end_step=1 + every * max(1, round(pruning.ramp * updates / every)),
        power=pruning.power,
        frequency=every,
    )


def _region(model: Any) -> list[Any]:
    """The layers from the first convolution on, along every branch up to what ends the region, which is the last."""
    inside: dict[str, Any] = {}
    for layer in model.layers:
        if _starts_region(layer) or any(
            above.name in inside and not isinstance(above, _REGION_ENDS) for above in before(layer)
        ):
            inside[layer.name] = layer
    return list(inside.values())


def before(layer: Any) -> list[Any]:
    """The layers whose values it reads."""
    if isinstance(layer, keras.layers.InputLayer):
        return []
    inputs = layer.input if isinstance(layer.input, list) else [layer.input]
    return [tensor.node.layer for tensor in inputs]


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
    return _is_pointwise(layer) or _starts_region(layer) or isinstance(layer, (*_ELEMENTWISE, *_REGION_ENDS))


def _heads_before(layer: Any) -> list[str]:
    """Names of the convolutions and dense layers met first on the way back from an output."""
    mixes = isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    if mixes and not isinstance(layer, keras.layers.DepthwiseConv2D):
        return [layer.name]
    return [head for above in before(layer) for head in _heads_before(above)]
