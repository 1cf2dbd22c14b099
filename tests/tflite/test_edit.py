"""Changing a file: what is added runs, what is no longer needed is gone, and everything else survives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tflite.running import outputs_of
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.tflite import ModelEditor, read_model


def small() -> bytes:
    graph = Graph((1, 8, 8, 3))
    return graph.output(graph.mean(graph.conv(graph.input, 4)))


def test_untouched_file_keeps_its_operators_and_outputs(published_sparse: Path) -> None:
    before = published_sparse.read_bytes()
    after = ModelEditor(before).finish()
    assert [o.name for o in read_model(after).operators] == [o.name for o in read_model(before).operators]
    assert ModelEditor(after).finish() == after
    np.testing.assert_array_equal(outputs_of(after)[0], outputs_of(before)[0])


def test_operator_added_before_another_is_run() -> None:
    data, scale = small(), -2.0
    editor = ModelEditor(data)
    graph = editor.main
    mean = graph.graph.operators[-1]
    factor = graph.constant(np.full((1, 1, 1, 1), scale, np.float32), name="factor")
    source = mean.inputs[0]
    scaled = graph.add("MUL", [factor, source], graph.shape(source), before=mean, name="scaled")
    graph.redirect(source, scaled)
    np.testing.assert_allclose(outputs_of(editor.finish())[0], scale * outputs_of(data)[0], rtol=1e-6)


def test_new_output_takes_the_name_of_the_one_it_replaces() -> None:
    data = small()
    before = read_model(data)
    editor = ModelEditor(data)
    graph = editor.main
    (last,) = before.outputs
    negated = graph.add("NEG", [last], graph.shape(last), after=graph.graph.operators[-1], name="negated")
    graph.redirect(last, negated)
    after = read_model(editor.finish())
    assert [after.tensors[i].name for i in after.outputs] == [before.tensors[i].name for i in before.outputs]
    assert len({tensor.name for tensor in after.tensors}) == len(after.tensors)


def test_a_file_that_ends_at_an_inner_value_gives_it_back_alone() -> None:
    data = small()
    whole = read_model(data)
    convolution = next(operator for operator in whole.operators if operator.name == "CONV_2D")
    editor = ModelEditor(data)
    editor.main.end_at(convolution.outputs)
    cut = read_model(editor.finish())
    assert "MEAN" not in [operator.name for operator in cut.operators]
    (inner,) = outputs_of(editor.finish())
    np.testing.assert_allclose(inner.mean(axis=(1, 2)).ravel(), outputs_of(data)[0].ravel(), rtol=1e-5)


def test_what_nothing_reads_is_dropped_with_its_constants() -> None:
    data = small()
    editor = ModelEditor(data)
    graph = editor.main
    mean = graph.graph.operators[-1]
    half = graph.constant(np.full((1, 1, 1, 4), 0.5, np.float32), name="half")
    graph.redirect(mean.inputs[0], graph.add("ABS", [half], (1, 1, 1, 4), before=mean, name="constant branch"))
    after = read_model(editor.finish())
    assert [operator.name for operator in after.operators] == ["ABS", "MEAN"]
    assert len(after.buffers) < len(read_model(data).buffers)
    assert len(editor.finish()) < len(data)


def test_operators_added_after_one_follow_each_other() -> None:
    data = small()
    editor = ModelEditor(data)
    graph = editor.main
    last = graph.graph.operators[-1]
    value = last.outputs[0]
    for kind in ("ABS", "SQRT", "NEG"):
        value = graph.add(kind, [value], graph.shape(value), after=last, name=kind)
    graph.redirect(last.outputs[0], value)
    after = editor.finish()
    assert [operator.name for operator in read_model(after).operators][-3:] == ["ABS", "SQRT", "NEG"]
    np.testing.assert_allclose(outputs_of(after)[0], -np.sqrt(np.abs(outputs_of(data)[0])), rtol=1e-6)


def test_weights_are_kept_as_those_they_are_like() -> None:
    editor = ModelEditor(small())
    graph = editor.main
    convolution = next(o for o in graph.graph.operators if o.name == "CONV_2D")
    assert graph.stored_dtype(convolution.inputs[1]) == "float16"
    kernel = graph.value(convolution.inputs[1])
    assert kernel is not None
    new = graph.weights(2 * kernel.astype(np.float32), like=convolution.inputs[1], name="doubled")
    graph.read(convolution, 1, new)
    after = read_model(editor.finish())
    assert {tensor.dtype for tensor in after.tensors if "doubled/float16" in tensor.name} == {"float16"}


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(InputError, match="not a TFLite model"):
        ModelEditor(b"nothing of the kind")
