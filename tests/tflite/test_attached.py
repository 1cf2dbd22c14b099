"""Files that a model carries behind it, as TFLite metadata does with labels, go along when the model changes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.fuzz.mutators import pack
from tests.tflite.running import metadata_of, outputs_of
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.tflite import densified_twin, densify, sparsify

LABELS = {"labels.txt": b"face\nno face\n", "more/words.txt": b"word " * 500}


def model(*, stored: str = "dense") -> bytes:
    """A small model whose 1x1 kernel is mostly zeros."""
    graph = Graph((1, 8, 8, 32))
    return graph.output(graph.conv(graph.input, 32, stored=stored))


def carrying(data: bytes, members: dict[str, bytes] = LABELS, *, kind: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO(data)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def carried(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def smaller(data: bytes) -> bytes:
    made = sparsify(data).data
    assert len(made) < len(data)
    return made


def larger(data: bytes) -> bytes:
    made = densify(data).data
    assert len(made) > len(data)
    return made


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(("stored", "change"), [("dense", smaller), ("sparse", larger)])
def test_files_go_along_with_a_model_of_another_length(
    stored: str, change: Callable[[bytes], bytes], kind: int
) -> None:
    data = carrying(model(stored=stored), kind=kind)
    made = change(data)
    assert carried(made) == LABELS
    np.testing.assert_array_equal(outputs_of(made)[0], outputs_of(data)[0])


def test_there_and_back_changes_no_byte_of_them() -> None:
    data = carrying(model())
    once = sparsify(data).data
    assert sparsify(densify(once).data).data == once
    assert carried(densify(once).data) == LABELS


def test_zip_whose_directory_does_not_count_the_model_goes_along() -> None:
    """Some tools put a finished zip behind the model; readers find their way, and then its numbers are right."""
    alone = io.BytesIO(carrying(b""))
    made = sparsify(model() + alone.getvalue()).data
    assert carried(made) == LABELS


def test_comment_of_the_zip_goes_along() -> None:
    stream = io.BytesIO(carrying(model()))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = b"who made it"
    with zipfile.ZipFile(io.BytesIO(sparsify(stream.getvalue()).data)) as archive:
        assert archive.comment == b"who made it"


def test_zip_that_is_a_constant_is_part_of_the_model() -> None:
    """Metadata may be a zip, and its buffer may lie where the file ends."""
    content = carrying(b"")
    tree = schema.ModelT.InitFromPackedBuf(model())
    tree.metadata = [schema.MetadataT(b"FILES", len(tree.buffers))]
    tree.buffers.append(schema.BufferT(offset=2, size=len(content)))
    tree.buffers[-1].offset = len(pack(tree))
    made = sparsify(pack(tree) + content).data
    assert metadata_of(made) == [("FILES", content)]
    assert made.count(b"labels.txt") == content.count(b"labels.txt")


def test_model_that_carries_nothing_gets_nothing() -> None:
    assert not zipfile.is_zipfile(io.BytesIO(sparsify(model()).data))


@pytest.mark.parametrize("place", [10, 12, 16])
def test_directory_that_does_not_hold_together_is_refused(place: int) -> None:
    """Its number of entries, its length, its place: what a copy would say of them would be wrong."""
    data = bytearray(carrying(model()))
    end = data.rindex(b"PK\x05\x06")
    data[end + place] ^= 0x55
    with pytest.raises(InputError, match="carries files behind it that cannot be moved"):
        densified_twin(bytes(data))
