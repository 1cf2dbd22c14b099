"""The least TFLite metadata that MediaPipe's Tasks ask for: how the input picture of a float model is normalised."""

from __future__ import annotations

from zoo.tflite._edit import ModelEditor
from zoo.tflite._model import Model

METADATA = "TFLITE_METADATA"
_FILE_IDENTIFIER = b"M001"
_RGB, _IMAGE_PROPERTIES, _NORMALIZATION = 1, 2, 1
"""ColorSpaceType.RGB, ContentProperties.ImageProperties and ProcessUnitOptions.NormalizationOptions of the schema."""


def has_metadata(model: Model) -> bool:
    """Whether the file carries metadata that Tasks read."""
    return any(entry.name == METADATA for entry in model.metadata)


def with_normalization(data: bytes, *, name: str, mean: float, std: float) -> bytes:
    """The model with metadata that says how its one input picture is normalised, and nothing else.

    `(pixel - mean) / std`, with pixels from 0 to 255.

    Raises:
        InputError: the file cannot be rewritten.
    """
    from ai_edge_litert import schema_py_generated as schema

    editor = ModelEditor(data, name=name)
    entry = schema.MetadataT(name=METADATA, buffer=editor.add_buffer(_normalization(mean, std)))
    editor.tree.metadata = [*(editor.tree.metadata or []), entry]
    return editor.finish()


def _normalization(mean: float, std: float) -> bytes:
    """A ModelMetadata of MediaPipe's metadata_schema.fbs; the numbers are the places of fields in its tables."""
    import flatbuffers

    builder = flatbuffers.Builder(256)

    def floats(value: float) -> int:
        return int(builder.CreateNumpyVector(_float_array(value)))

    def table(size: int, *, links: dict[int, int], small: dict[int, int] | None = None) -> int:
        builder.StartObject(size)
        for place, link in links.items():
            builder.PrependUOffsetTRelativeSlot(place, link, 0)
        for place, number in (small or {}).items():
            builder.PrependUint8Slot(place, number, 0)
        return int(builder.EndObject())

    def vector_of(link: int) -> int:
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(link)
        return int(builder.EndVector())

    version = builder.CreateString("1.0.0")
    options = table(2, links={0: floats(mean), 1: floats(std)})
    unit = table(2, links={1: options}, small={0: _NORMALIZATION})
    image = table(2, links={}, small={0: _RGB})
    content = table(3, links={1: image}, small={0: _IMAGE_PROPERTIES})
    tensor = table(7, links={3: content, 4: vector_of(unit)})
    graph = table(10, links={2: vector_of(tensor)})
    builder.Finish(table(8, links={3: vector_of(graph), 7: version}), _FILE_IDENTIFIER)
    return bytes(builder.Output())


def _float_array(value: float) -> object:
    import numpy as np

    return np.array([value], dtype=np.float32)
