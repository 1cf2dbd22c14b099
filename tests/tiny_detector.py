"""A detector small enough to train in a test: one region and two DEPTH_TO_SPACE heads, as the real one has."""

from __future__ import annotations

from typing import Any

from zoo.spec import InputTensor, ModelSpec, OutputTensor, Preset, load_spec
from zoo.student import start_tensorflow

SIDE = 32
ANCHORS = (SIDE // 2) ** 2


def tiny_spec(**changes: Any) -> ModelSpec:
    """The face detector's spec with the tiny detector's input."""
    spec = load_spec("face_detector").spec
    picture = InputTensor(name="input", shape=(1, SIDE, SIDE, 3), mean=127.5, std=127.5)
    outputs = [
        OutputTensor(meaning="boxes", shape=(1, ANCHORS, 16)),
        OutputTensor(meaning="scores", shape=(1, ANCHORS, 1)),
    ]
    return spec.model_copy(update={"input": picture, "outputs": outputs, **changes})


def tiny_preset(**changes: Any) -> Preset:
    preset = Preset(
        purpose="tests",
        epochs={"pretrain": 2, "prune": 3, "finetune": 2},
        updates_per_epoch=3,
        batch_size=2,
        evaluation_pictures=1,
        bench_seconds=2,
    )
    return preset.model_copy(update=changes)


def tiny_keras(*, seed: int, middle: str = "pointwise", end: str = "depth_to_space") -> Any:
    """The Keras network; `middle` and `end` name the places where a test breaks a rule."""
    start_tensorflow(seed=seed)
    import tf_keras as keras

    from zoo.student._layers import DepthToSpace

    layers = keras.layers
    inputs = keras.Input((SIDE, SIDE, 3), batch_size=1, name="input")
    x = layers.ZeroPadding2D(1)(inputs)
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="first")(x)
    x = layers.ReLU()(layers.Conv2D(24, 3 if middle == "wide" else 1, padding="same", name="middle")(x))
    outputs = []
    for values in (16, 1):
        y = layers.Conv2D(4 * values, 1, name=f"head_{values}")(x)
        y = layers.DepthwiseConv2D(3, strides=2, name=f"down_{values}")(layers.ZeroPadding2D(1)(y))
        if end == "depth_to_space":
            y = DepthToSpace(2)(y)
        outputs.append(layers.Reshape((ANCHORS, values))(y))
    return keras.Model(inputs, outputs)


def tiny_tflite(*, seed: int) -> bytes:
    """The network as a float32 TFLite file, outputs in the order boxes, scores."""
    model = tiny_keras(seed=seed)
    tf = start_tensorflow(seed=seed)
    function = tf.function(lambda picture: model(picture)).get_concrete_function(
        tf.TensorSpec(model.inputs[0].shape, tf.float32)
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    converter.experimental_lower_to_saved_model = False
    return bytes(converter.convert())
