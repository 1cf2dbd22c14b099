"""TFLite metadata that MediaPipe's Tasks API asks for: how the input picture is normalised."""

from __future__ import annotations

from zoo.spec import ModelSpec

OUTPUT_TEXTS = {
    "boxes": ("boxes and key points", "For each anchor a box and its key points, undecoded, in pixels of the input."),
    "scores": ("scores", "For each anchor the logit of the score."),
    "landmarks": ("landmarks", "One after the other, in pixels of the input."),
    "world_landmarks": ("world landmarks", "One after the other, in metres."),
    "presence": ("presence", "The probability that what is looked for is there."),
    "handedness": ("handedness", "The probability that it is a right hand."),
    "mask": ("mask", "For each pixel the logit of belonging to the object."),
    "heatmap": ("heat map", "For each landmark the logits of where it is."),
}


def add_metadata(data: bytes, spec: ModelSpec) -> bytes:
    """Return the model with name, description, NormalizationOptions of the input and a text for each output.

    `mean` and `std` are on the pixel scale 0 to 255, as MediaPipe reads them (metadata schema, NormalizationOptions).
    Outputs are described in the order of the spec, which is the file's.
    """
    from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter

    writer = MetadataWriter.create(bytearray(data))
    writer.add_general_info(spec.title, spec.card.summary)
    writer.add_image_input([spec.input.mean], [spec.input.std])
    for output in spec.outputs:
        writer.add_feature_output(*OUTPUT_TEXTS[output.meaning])
    populated, _ = writer.populate()
    return bytes(populated)
