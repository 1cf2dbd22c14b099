"""The planner: the cheapest list of rewrites after which no rule is broken, exact ones first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.adapt.published import published
from tests.adapt.running import check_same_outputs, kinds
from tests.xnnpack.graphs import NONE, Graph
from zoo.adapt import REWRITES, Suggestion, suggest
from zoo.errors import InputError
from zoo.records import Remedy
from zoo.tflite import Model, read_model
from zoo.xnnpack import _rules as rules
from zoo.xnnpack import predicted_cost, readiness

Build = Callable[[Graph], int]


def network(build: Build, *, size: int = 40) -> bytes:
    graph = Graph((1, size, size, 3))
    return graph.output(build(graph))


def plan(build: Build, **options: Callable[[Model, Model], float]) -> Suggestion:
    return suggest(network(build), REWRITES, name="net.tflite", **options)


def trunk(g: Graph, *, kernel: int = 3) -> int:
    """A first convolution padded SAME, a depthwise layer of stride 2 padded SAME, and 1x1 convolutions around it."""
    x = g.conv(g.conv(g.input, 16, kernel=3, stride=2), 24)
    return g.conv(g.depthwise(x, kernel=kernel, stride=2), 48)


def remedies() -> list[Remedy]:
    return [each for each in vars(rules).values() if isinstance(each, Remedy)]


def test_every_remedy_is_a_rewrite_that_is_exact_where_it_says_so() -> None:
    assert len(remedies()) > 5
    assert {each.rewrite: each.exact for each in remedies()} == {
        each.rewrite: REWRITES[each.rewrite].exact for each in remedies()
    }


def test_every_rewrite_but_the_one_for_other_runtimes_mends_a_rule() -> None:
    assert set(REWRITES) - {each.rewrite for each in remedies()} == {"fold_relu"}


CASES: dict[str, tuple[Build, tuple[str, ...]]] = {
    "nothing_to_do": (lambda g: g.mean(g.conv(g.conv(g.stem(16), 64), 128)), ()),
    "one_turn_for_all_padding": (lambda g: g.mean(trunk(g, kernel=5)), ("rotate_half_turn",)),
    "turn_before_other_padding": (lambda g: g.mean(trunk(g)), ("rotate_half_turn",)),
    "prelu_and_pool": (
        lambda g: g.mean(g.conv(g.conv(g.max_pool(g.prelu(g.conv(g.stem(16), 64, activation=NONE))), 128), 128)),
        ("prelu_to_primitives", "max_pool_to_primitives"),
    ),
    "a_head": (lambda g: g.flat(g.conv(g.stem(), 8, activation=NONE)), ("exit_through_depth_to_space",)),
    "large_first_convolution_and_a_turn": (
        lambda g: g.mean(
            g.conv(g.depthwise(g.conv(g.conv(g.input, 16, kernel=5, stride=2), 24), kernel=5, stride=2), 48)
        ),
        ("rotate_half_turn", "first_conv_by_blocks"),
    ),
    "late_padding_that_half_a_turn_would_spoil_elsewhere": (
        lambda g: g.mean(g.conv(g.depthwise(g.conv(g.stem(16), 24), stride=2), 512)),
        ("pad_symmetric",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_exact_plan(case: str) -> None:
    build, expected = CASES[case]
    found = plan(build)
    assert found.exact is not None
    assert found.exact.names == expected
    assert found.best is found.exact
    assert found.exact.ready
    assert found.exact.adapted.exact
    assert found.closest is None
    assert not readiness(read_model(found.exact.adapted.data))
    check_same_outputs(network(build), found.exact.adapted.data)


def test_model_that_is_ready_stays_as_it_is() -> None:
    build, _ = CASES["nothing_to_do"]
    found = plan(build).exact
    assert found is not None
    assert found.adapted.data == network(build)
    assert 0 < found.cost < 1


def test_region_is_not_ended_before_an_operator_that_can_be_mended() -> None:
    # Ended there it would be ready too, with the larger convolution outside and dense.
    build, _ = CASES["late_padding_that_half_a_turn_would_spoil_elsewhere"]
    found = plan(build)
    assert found.exact is not None
    assert "SPACE_TO_DEPTH" not in kinds(found.exact.adapted.data)


def test_inexact_plan_is_told_where_it_costs_less() -> None:
    build, _ = CASES["prelu_and_pool"]
    found = plan(build)
    assert found.exact is not None
    assert found.cheaper is not None
    assert found.cheaper.names == ("prelu_to_primitives", "max_pool_to_depthwise")
    assert found.cheaper.cost < found.exact.cost
    assert not found.cheaper.adapted.exact
    assert plan(build, cost=lambda rewritten, original: 0.5).cheaper is None


def spoilt_both_ways(g: Graph) -> int:
    """A depthwise 5x5 that only half a turn would mend, and a layer that it would spoil."""
    x = g.conv(g.depthwise(g.conv(g.stem(16), 24), kernel=5, stride=2), 48)
    return g.mean(g.conv(g.depthwise(g.pad(x), stride=2, padding="VALID"), 64))


def test_inexact_plan_is_the_best_where_nothing_exact_keeps_the_model_inside() -> None:
    found = suggest(network(spoilt_both_ways), {"pad_symmetric_inexact": REWRITES["pad_symmetric_inexact"]}, name="net")
    assert found.exact is None
    assert found.best is found.cheaper
    assert found.best.ready


def test_model_without_a_plan_tells_the_list_that_comes_closest() -> None:
    found = plan(lambda g: g.mean(g.conv(g.conv(g.prelu(g.conv(g.input, 16, kernel=3)), 24), 32)))
    assert found.exact is found.cheaper is None
    assert found.best is found.closest
    assert not found.best.ready
    assert found.best.names == ("prelu_to_primitives",)
    assert {each.rule for each in found.best.breaks} == {"first_conv_stride"}


def test_rewrite_that_refuses_a_file_is_left_out() -> None:
    def quantized(g: Graph) -> int:
        x = g.conv(g.conv(g.input, 16, kernel=5, stride=2, stored="int8"), 24, stored="int8")
        return g.mean(g.conv(x, 32, stored="int8"))

    found = plan(quantized)
    assert found.best.names == ()
    assert not found.best.ready


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(InputError, match=r"net\.tflite"):
        suggest(b"nothing", REWRITES, name="net.tflite")


def test_cost_is_that_of_the_pruned_model_beside_the_dense_one() -> None:
    build, _ = CASES["one_turn_for_all_padding"]
    original = read_model(network(build))
    found = plan(build).exact
    assert found is not None
    assert found.cost == predicted_cost(read_model(found.adapted.data), original) > 0
    assert predicted_cost(read_model(network(lambda g: g.flat(g.input))), original) == 1


PUBLISHED = {
    "face_detection_full_range": (
        *("rotate_half_turn", "max_pool_to_primitives", "channel_pad_to_conv", "exit_through_depth_to_space"),
    ),
    "hand_landmark_full": ("rotate_half_turn",),
    "hand_landmark_lite": ("rotate_half_turn", "max_pool_to_primitives"),
    "palm_detection_full": (
        *("rotate_half_turn", "first_conv_by_blocks", "prelu_to_primitives", "max_pool_to_primitives"),
        *("channel_pad_to_conv", "exit_through_depth_to_space"),
    ),
    "pose_landmark_full": ("pad_symmetric", "max_pool_to_primitives", "exit_through_depth_to_space"),
}


@pytest.mark.parametrize("file", PUBLISHED)
def test_published_model_has_an_exact_plan(file: str) -> None:
    data = published(file)
    found = suggest(data, REWRITES, name=file)
    assert found.exact is not None
    assert found.exact.names == PUBLISHED[file]
    check_same_outputs(data, found.exact.adapted.data)
