"""Rewrites that make a network ready for XNNPACK's sparse kernels, file to file. No TensorFlow import."""

from __future__ import annotations

from zoo.adapt._channel_pad import ChannelPadToConv
from zoo.adapt._constants import ConstantFirst
from zoo.adapt._exits import ExitThroughDepthToSpace, HeadToDepthToSpace
from zoo.adapt._file import AdaptedFile, adapt_file, apply_checked, chosen_rewrites, suggestions
from zoo.adapt._first_conv import FirstConvByBlocks
from zoo.adapt._fold_relu import FoldRelu
from zoo.adapt._half_turn import RotateHalfTurn
from zoo.adapt._max_pool import MaxPoolToDepthwise, MaxPoolToPrimitives
from zoo.adapt._padding import PadExplicit, PadSymmetric, PadSymmetricInexact
from zoo.adapt._plan import Plan, Suggestion, suggest
from zoo.adapt._prelu import PreluToPrimitives
from zoo.adapt._rewrite import Adapted, Applied, Rewrite, apply_rewrites

_ALL: tuple[Rewrite, ...] = (
    RotateHalfTurn(),
    FirstConvByBlocks(),
    PadExplicit(),
    PadSymmetric(),
    PadSymmetricInexact(),
    PreluToPrimitives(),
    MaxPoolToPrimitives(),
    MaxPoolToDepthwise(),
    ChannelPadToConv(),
    FoldRelu(),
    ConstantFirst(),
    HeadToDepthToSpace(),
    ExitThroughDepthToSpace(),
)
REWRITES: dict[str, Rewrite] = {rewrite.name: rewrite for rewrite in _ALL}
"""All rewrites by name, in the order in which a list of them is best applied.

The half turn comes first, as it minds padding that others have made even; exits come last, where the region ends by
then.
"""

__all__ = [
    "REWRITES",
    "Adapted",
    "AdaptedFile",
    "Applied",
    "Plan",
    "Rewrite",
    "Suggestion",
    "adapt_file",
    "apply_checked",
    "apply_rewrites",
    "chosen_rewrites",
    "suggest",
    "suggestions",
]
