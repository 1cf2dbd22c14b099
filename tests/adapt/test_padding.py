"""Padding as XNNPACK's sparse region takes it: exactly where there is a way, declared inexact where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.tflite.running import outputs_of
from tests.xnnpack.graphs import NONE, Graph
from zoo.adapt import REWRITES
from zoo.errors import InputError
from zoo.tflite import read_model
from zoo.xnnpack import hindrances, readiness

EXPLICIT, SYMMETRIC, INEXACT = "pad_explicit", "pad_symmetric", "pad_symmetric_inexact"
Sides = tuple[tuple[int, int], tuple[int, int]]
SIZES = st.tuples(st.integers(3, 14), st.integers(3, 14))


def layer(
    kind: str,
    size: tuple[int, int],
    kernel: int,
    *,
    pad: Sides | None = None,
    stride: int = 2,
    dilation: int = 1,
    stored: str = "dense",
) -> bytes:
    """One convolution of a picture, padded SAME, or VALID behind a PAD by these amounts."""
    graph = Graph((1, *size, 3))
    x, padding = graph.input, "SAME"
    if pad is not None:
        x, padding = padded(graph, x, pad), "VALID"
    options = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "activation": NONE}
    return graph.output(
        graph.depthwise(x, **options) if kind == "depthwise" else graph.conv(x, 4, stored=stored, **options)
    )


def padded(graph: Graph, x: int, pad: Sides) -> int:
    amounts = np.array([(0, 0), *pad, (0, 0)], np.int32)
    shape = tuple(side + sum(pair) for side, pair in zip(graph.shape(x), amounts.tolist(), strict=True))
    return graph.apply("PAD", x, graph.constant(amounts), shape=shape)


def padding_of(data: bytes) -> list[list[int]]:
    """What the file's only PAD adds before and after rows and columns; its convolution adds nothing."""
    model = read_model(data)
    (pad,) = (operator for operator in model.operators if operator.name == "PAD")
    (reader,) = model.main.consumers[pad.outputs[0]]
    assert reader.options.padding == "VALID"
    raw = model.buffers[model.tensors[pad.inputs[1]].buffer]
    return np.frombuffer(model.data, np.int32, raw.size // 4, raw.start).reshape(4, 2)[1:3].tolist()


def network(kernel: int, *, size: int, first: str = "SAME") -> bytes:
    """A network that XNNPACK could run sparse but for the padding of its depthwise layer (and of its first one)."""
    graph = Graph((1, size, size, 3))
    x = graph.stem(16) if first == "explicit" else graph.conv(graph.input, 16, kernel=3, stride=2)
    x = graph.conv(graph.depthwise(graph.conv(x, 24), kernel=kernel, stride=2), 48)
    return graph.output(graph.mean(x))


def broken(data: bytes) -> set[str]:
    return {each.rule for each in readiness(read_model(data))}


class TestExplicit:
    @settings(max_examples=40, deadline=None)
    @given(SIZES, st.sampled_from([3, 5, 7]), st.sampled_from(["conv", "depthwise"]))
    def test_same_padding_of_odd_sizes_gives_the_same_bits(self, size: tuple[int, int], kernel: int, kind: str) -> None:
        odd = size[0] | 1, size[1] | 1
        before = layer(kind, odd, kernel)
        after = rewritten(before, EXPLICIT)
        check_same_outputs(before, after)
        assert padding_of(after) == [[kernel // 2, kernel // 2]] * 2

    @settings(max_examples=40, deadline=None)
    @given(SIZES, st.sampled_from([3, 5]), st.lists(st.integers(0, 3), min_size=4, max_size=4))
    def test_explicit_padding_becomes_equal_where_that_reads_the_same(
        self, size: tuple[int, int], kernel: int, pads: list[int]
    ) -> None:
        pad = (pads[0], pads[1]), (pads[2], pads[3])
        lengths = [side + sum(sides) for side, sides in zip(size, pad, strict=True)]
        assume(min(lengths) >= kernel)
        before = layer("depthwise", size, kernel, pad=pad)
        equal = all(
            (side + 2 * first - kernel) // 2 == (length - kernel) // 2
            for side, length, (first, _) in zip(size, lengths, pad, strict=True)
        )
        if equal and any(first != last for first, last in pad) and pad[0][0] + pad[1][0]:
            after = rewritten(before, EXPLICIT)
            check_same_outputs(before, after)
            assert padding_of(after) == [[sides[0]] * 2 for sides in pad]
        else:
            with pytest.raises(InputError, match="finds nothing to change"):
                rewritten(before, EXPLICIT)

    @pytest.mark.parametrize("as_output", [False, True])
    def test_pad_that_is_read_elsewhere_is_given_to_the_convolution_again(self, as_output: bool) -> None:
        graph = Graph((1, 12, 12, 3))
        shared = graph.pad(graph.input)
        first = graph.conv(shared, 4, kernel=3, stride=2, padding="VALID")
        second = shared if as_output else graph.depthwise(shared, stride=2, padding="VALID")
        before = graph.output(first, second)
        after = rewritten(before, EXPLICIT)
        check_same_outputs(before, after)
        model = read_model(after)
        read = [o for o in model.operators if o.name in ("CONV_2D", "DEPTHWISE_CONV_2D")]
        assert len({operator.inputs[0] for operator in read}) == len(read)
        assert all(operator.inputs[0] not in model.outputs for operator in read)

    @pytest.mark.parametrize(
        "before",
        [
            layer("conv", (12, 12), 3),
            layer("conv", (13, 13), 3, stride=1),
            layer("conv", (13, 13), 3, pad=((1, 1), (1, 1))),
            layer("depthwise", (13, 12), 3),
        ],
        ids=["uneven", "stride_1", "explicit", "uneven_columns"],
    )
    def test_what_is_right_or_cannot_be_equal_is_left(self, before: bytes) -> None:
        with pytest.raises(InputError, match="it needs a convolution of stride 2 whose SAME padding is equal"):
            rewritten(before, EXPLICIT)

    @pytest.mark.parametrize("kernel", [3, 5])
    def test_network_of_odd_maps_is_ready_after_it(self, kernel: int) -> None:
        before = network(kernel, size=41)
        assert broken(before) == {"first_conv_padding", "depthwise_same_padding"}
        assert not broken(rewritten(before, EXPLICIT))
        check_same_outputs(before, rewritten(before, EXPLICIT))


class TestSymmetric:
    @settings(max_examples=40, deadline=None)
    @given(SIZES)
    def test_every_size_gives_the_same_outputs(self, size: tuple[int, int]) -> None:
        assume(any(side % 2 == 0 for side in size))
        before = layer("depthwise", size, 3)
        after = rewritten(before, SYMMETRIC)
        check_same_outputs(before, after)
        assert padding_of(after) == [[2, 2], [2, 2]]

    @settings(max_examples=40, deadline=None)
    @given(SIZES, st.sampled_from([0, 1]), st.sampled_from([0, 1]))
    def test_uneven_explicit_padding_gives_the_same_outputs(self, size: tuple[int, int], above: int, left: int) -> None:
        # As many rows behind as are read for half the outputs, rounded up.
        pad = tuple((first, side % 2 + 1 - first) for first, side in zip((above, left), size, strict=True))
        assume(all(behind >= 0 for _, behind in pad) and any(first < behind for first, behind in pad))
        before = layer("depthwise", size, 3, pad=pad)
        check_same_outputs(before, rewritten(before, SYMMETRIC))

    def test_kernel_sits_in_the_lower_right_corner_as_it_was(self) -> None:
        before, after = layer("depthwise", (12, 12), 3), rewritten(layer("depthwise", (12, 12), 3), SYMMETRIC)
        small, large = (kernel_of(data) for data in (before, after))
        assert small.dtype == large.dtype == np.float16
        np.testing.assert_array_equal(large[:, 2:, 2:], small)
        assert not large[:, :2].any()
        assert not large[:, :, :2].any()

    @pytest.mark.parametrize(
        "before",
        [
            layer("depthwise", (12, 12), 5),
            layer("depthwise", (13, 13), 3),
            layer("depthwise", (12, 12), 3, stride=1),
            layer("conv", (12, 12), 3),
            layer("depthwise", (12, 12), 3, pad=((0, 5), (0, 5))),
        ],
        ids=["5x5", "odd", "stride_1", "no_depthwise", "more_outputs"],
    )
    def test_other_layers_are_left(self, before: bytes) -> None:
        with pytest.raises(InputError, match="it needs a DEPTHWISE_CONV_2D of 3x3 and stride 2 with uneven padding"):
            rewritten(before, SYMMETRIC)

    def test_network_is_ready_after_it(self) -> None:
        before = network(3, size=40, first="explicit")
        assert {each.rule for each in hindrances(read_model(before))} == {"depthwise_same_padding"}
        after = rewritten(before, SYMMETRIC)
        assert not broken(after)
        assert not hindrances(read_model(after))


class TestSymmetricInexact:
    @settings(max_examples=30, deadline=None)
    @given(SIZES, st.sampled_from([("conv", 3), ("depthwise", 5)]))
    def test_it_is_the_same_layer_with_equal_padding(self, size: tuple[int, int], which: tuple[str, int]) -> None:
        assume(any(side % 2 == 0 for side in size))
        kind, kernel = which
        after = rewritten(layer(kind, size, kernel), INEXACT)
        equal = layer(kind, size, kernel, pad=((kernel // 2,) * 2,) * 2)
        np.testing.assert_array_equal(outputs_of(after)[0], outputs_of(equal)[0])

    def test_it_says_that_training_has_to_recover_the_outputs(self) -> None:
        assert not REWRITES[INEXACT].exact
        before = layer("depthwise", (12, 12), 5)
        with pytest.raises(AssertionError):
            check_same_outputs(before, rewritten(before, INEXACT))

    @pytest.mark.parametrize(
        "before",
        [
            layer("depthwise", (12, 12), 3),
            layer("conv", (12, 12), 5),
            layer("conv", (13, 13), 3),
            layer("depthwise", (12, 12), 5, pad=((1, 4), (1, 4))),
        ],
        ids=["3x3_has_an_exact_way", "5x5_first", "odd", "more_outputs"],
    )
    def test_other_layers_are_left(self, before: bytes) -> None:
        with pytest.raises(InputError, match="it needs a DEPTHWISE_CONV_2D of 5x5, or a first CONV_2D of 3x3"):
            rewritten(before, INEXACT)

    def test_network_is_ready_after_it(self) -> None:
        before = network(5, size=40)
        assert broken(before) == {"first_conv_padding", "depthwise_same_padding"}
        after = rewritten(before, INEXACT)
        assert not broken(after)
        assert kinds(after) == ["PAD", "CONV_2D", "CONV_2D", "PAD", "DEPTHWISE_CONV_2D", "CONV_2D", "MEAN"]


def kernel_of(data: bytes) -> np.ndarray:
    """The depthwise kernel, as stored."""
    model = read_model(data)
    (tensor,) = (t for t in model.tensors if t.buffer and len(t.shape) == 4)
    span = model.buffers[tensor.buffer]
    return np.frombuffer(model.data, tensor.dtype, span.size // 2, span.start).reshape(tensor.shape)


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    files = {
        "explicit": (network(5, size=41), rewritten(network(5, size=41), EXPLICIT)),
        "symmetric": (
            network(3, size=40, first="explicit"),
            rewritten(network(3, size=40, first="explicit"), SYMMETRIC),
        ),
        "inexact": (rewritten(network(5, size=40), INEXACT),) * 2,
    }
    seen = seen_by_web_runtime(files, tmp_path)
    assert {name: each for name, each in seen.items() if not each.sparse_and_right} == {}
