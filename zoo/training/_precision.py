"""Mixed precision: most layers compute in 16 bits; weights, the last layers and the loss stay in float32.

Micikevicius et al., Mixed Precision Training (2018), as Keras has it (`keras.mixed_precision`).
"""

from __future__ import annotations

from typing import Any

import tf_keras as keras

from zoo.spec import ComputePrecision


def with_precision(model: Any, precision: ComputePrecision) -> Any:
    """The same network with the same weights, computing in `precision` up to its last layers.

    Those are, back from each output, all up to and with the first that has weights: answers are compared to fractions
    that 16 bits do not hold.
    """
    if precision == "float32":
        return model
    last = {name for output in model.outputs for name in _last_layers(output.node.layer)}

    def recast(layer: Any) -> Any:
        dtype = "float32" if layer.name in last else precision
        return layer.__class__.from_config({**layer.get_config(), "dtype": dtype})

    recast_model = keras.models.clone_model(model, clone_function=recast)
    recast_model.set_weights(model.get_weights())
    return recast_model


def with_loss_scale(optimizer: Any, precision: ComputePrecision) -> Any:
    """The optimizer, with dynamic loss scaling for float16 gradients (ibid., section 3.2); bfloat16 needs none."""
    return keras.mixed_precision.LossScaleOptimizer(optimizer) if precision == "mixed_float16" else optimizer


def optimizer_variables(optimizer: Any) -> list[Any]:
    """All that a checkpoint must hold of an optimizer: Keras leaves the loss scale out of `variables`."""
    variables = list(optimizer.variables)
    if isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
        state = optimizer._loss_scale
        variables += [state.current_loss_scale, state.counter]
    return variables


def keep_in_float32(wrapper: Any) -> None:
    """Let tfmot's wrapper mask weights as they are stored.

    Under a mixed policy it reads them as calls do, cast to 16 bits, and writes the masked ones back
    (`pruning_impl.Pruning._weight_assign_objs`): every update would be rounded to 16 bits, and small ones lost.
    """
    wrapper.pruning_obj._pruning_vars = [
        tuple(getattr(variable, "_variable", variable) for variable in variables) for variables in wrapper.pruning_vars
    ]


def _last_layers(layer: Any) -> list[str]:
    """Names of a layer and those before it, back to the first that has weights."""
    if layer.weights or isinstance(layer, keras.layers.InputLayer):
        return [layer.name]
    inputs = layer.input if isinstance(layer.input, list) else [layer.input]
    return [layer.name, *(name for tensor in inputs for name in _last_layers(tensor.node.layer))]
