"""Reading: the same as LiteRT's own schema classes on published files, and one sentence on anything broken."""

from __future__ import annotations

import contextlib
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from scripts.refresh_operator_names import TARGET, render
from tests.tflite.running import outputs_of
from tests.xnnpack.cases import CASES
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.tflite import Model, constant, inventory, is_constant, read_model
from zoo.xnnpack import engagements

MUTANTS = 300
PUBLISHED_MUTANTS = 15


def numbers(values: object) -> list[int]:
    return [] if values is None else [int(value) for value in values]  # type: ignore[attr-defined]


def test_every_tensor_and_operator_as_the_schema_classes_read_them(any_published: Path) -> None:
    data = any_published.read_bytes()
    ours, theirs = read_model(data), schema.ModelT.InitFromPackedBuf(data)
    graph = theirs.subgraphs[0]
    assert [(t.name, list(t.shape), t.buffer) for t in ours.tensors] == [
        (t.name.decode(), numbers(t.shape), t.buffer) for t in graph.tensors
    ]
    assert [(list(o.inputs), list(o.outputs)) for o in ours.operators] == [
        (numbers(o.inputs), numbers(o.outputs)) for o in graph.operators
    ]
    assert [span.size for span in ours.buffers] == [0 if b.data is None else len(b.data) for b in theirs.buffers]
    assert (list(ours.inputs), list(ours.outputs)) == (numbers(graph.inputs), numbers(graph.outputs))
    assert [entry.name for entry in ours.metadata] == [entry.name.decode() for entry in theirs.metadata or []]
    assert [entry.key for entry in ours.signatures] == [
        entry.signatureKey.decode() for entry in theirs.signatureDefs or []
    ]


def test_settings_of_convolutions_as_the_schema_classes_read_them(any_published: Path) -> None:
    data = any_published.read_bytes()
    operators = schema.ModelT.InitFromPackedBuf(data).subgraphs[0].operators
    seen = 0
    for ours, theirs in zip(read_model(data).operators, operators, strict=True):
        if ours.name not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            continue
        wanted, options = theirs.builtinOptions, ours.options
        assert options.padding == {0: "SAME", 1: "VALID"}[wanted.padding]
        assert options.strides == (wanted.strideH, wanted.strideW)
        assert options.dilation == (wanted.dilationHFactor, wanted.dilationWFactor)
        assert options.activation == {0: "NONE", 1: "RELU", 3: "RELU6"}[wanted.fusedActivationFunction]
        seen += 1
    assert seen > 20


def test_operator_names_are_those_of_the_installed_schema() -> None:
    assert TARGET.read_text(encoding="utf-8") == render()


def use_fully(data: bytes) -> Model | None:
    """Everything that the commands do with a file; None where it ends in the error for a person."""
    with contextlib.suppress(InputError):
        model = read_model(data)
        inventory(model)
        engagements(model)
        for tensor in model.tensors:
            if is_constant(model, tensor.index):
                constant(model, tensor.index)
        return model
    return None


def test_truncated_file_never_passes_and_never_crashes(published_sparse: Path) -> None:
    data = published_sparse.read_bytes()
    for length in [*range(0, 64, 4), *range(64, len(data), len(data) // 40)]:
        assert use_fully(data[:length]) is None


def test_error_is_one_sentence_that_names_the_file(published_sparse: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(published_sparse.read_bytes()[:5000])
    with pytest.raises(InputError) as caught:
        read_model(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def mutant(data: bytes, chance: np.random.Generator) -> bytes:
    """The file with one to eight bits turned."""
    changed = bytearray(data)
    for place in chance.integers(len(data), size=chance.integers(1, 9)):
        changed[place] ^= 1 << int(chance.integers(8))
    return bytes(changed)


def test_bit_flipped_files_read_or_end_in_the_error_for_a_person() -> None:
    data = next(case for case in CASES if case.name == "squeeze_and_excite").file()
    chance = np.random.default_rng(20210721)
    outcomes = [use_fully(mutant(data, chance)) for _ in range(MUTANTS)]
    assert any(outcome is None for outcome in outcomes)
    assert any(outcome is not None for outcome in outcomes)


def test_bit_flipped_published_file_reads_or_ends_in_the_error_for_a_person(published_sparse: Path) -> None:
    data = published_sparse.read_bytes()
    chance = np.random.default_rng(20210721)
    for _ in range(PUBLISHED_MUTANTS):
        use_fully(mutant(data, chance))


@pytest.mark.parametrize(
    "data", [b"", b"TFL3", b"\0" * 64, b"\x10\0\0\0TFL3" + b"\xff" * 64, b"PK\x03\x04" + b"\0" * 40]
)
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="the model"):
        read_model(data)


def test_terminal_codes_in_names_are_made_harmless() -> None:
    graph = Graph((1, 16, 16, 3))
    x = graph.mean(graph.conv(graph.stem(), 16))
    graph.tensors[x].name = "a\x1b[2J\nb"
    model = read_model(graph.output(x))
    assert model.tensors[x].name == "a\ufffd[2J\ufffdb"


@pytest.mark.parametrize("options", [{"strideH": 0}, {"strideW": -1}, {"dilationHFactor": 0}, {"dilationWFactor": -2}])
def test_operator_that_takes_steps_of_no_length_is_refused_as_by_litert(options: dict[str, int]) -> None:
    graph = Graph((1, 8, 8, 4))
    steps = {"strideH": 1, "strideW": 1, **options}
    kernel, bias = graph.weights((4, 1, 1, 4)), graph.weights((4,))
    data = graph.output(graph.apply("CONV_2D", graph.input, kernel, bias, shape=(1, 8, 8, 4), **steps))
    with pytest.raises(InputError, match="takes steps of no length"):
        read_model(data)
    with pytest.raises(RuntimeError, match="> 0 was not true"):
        outputs_of(data)


def test_value_of_negative_size_is_refused_as_by_litert() -> None:
    graph = Graph((1, 8, 8, 4))
    x = graph.unary(graph.input, "ABS")
    graph.tensors[x].shape = [-1, 8, 8, 4]
    data = graph.output(graph.unary(x, "NEG"))
    with pytest.raises(InputError, match="impossible shape"):
        read_model(data)
    with pytest.raises(ValueError, match="overflowed"):
        outputs_of(data)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.tflite cannot be read"):
        read_model(tmp_path / "none.tflite")


def test_bomb_of_shared_parts_is_refused_at_once() -> None:
    """One subgraph of 2,000 tensors, listed 100,000 times: 400 kB that would be 200 million tensors."""
    builder = flatbuffers.Builder(0)
    schema.TensorStart(builder)
    tensor = schema.TensorEnd(builder)
    builder.StartVector(4, 2_000, 4)
    for _ in range(2_000):
        builder.PrependUOffsetTRelative(tensor)
    tensors = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    graph = schema.SubGraphEnd(builder)
    builder.StartVector(4, 100_000, 4)
    for _ in range(100_000):
        builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddSubgraphs(builder, graphs)
    builder.Finish(schema.ModelEnd(builder), file_identifier=b"TFL3")
    with pytest.raises(InputError, match="shared far more often"):
        read_model(bytes(builder.Output()))
