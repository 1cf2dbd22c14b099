"""Every rule that sparse inference must meet: the upstream function that it mirrors, and what a modeller can change.

Upstream is XNNPACK (`src/subgraph.c`, `src/xnnpack/hardware-config.h`) and the TFLite delegate (`xnnpack_delegate.cc`).
Each rule was also held against the LiteRT web runtime: small graphs that break one rule alone, outputs compared bit by
bit with those of the same weights stored dense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.records import Remedy, RuleBreak

_COMPATIBLE = "XNNPACK src/subgraph.c: xnn_check_nchw_compatibility"
_REWRITE = "XNNPACK src/subgraph.c: xnn_subgraph_rewrite_for_nchw"


PAD_EXPLICIT = Remedy("pad_explicit", exact=True)
PAD_SYMMETRIC = Remedy("pad_symmetric", exact=True)
PAD_SYMMETRIC_INEXACT = Remedy("pad_symmetric_inexact", exact=False)
HALF_TURN = Remedy("rotate_half_turn", exact=True)
FIRST_BLOCKS = Remedy("first_conv_by_blocks", exact=True)
CHANNEL_PAD = Remedy("channel_pad_to_conv", exact=True)
CONSTANT_FIRST = Remedy("constant_first", exact=True)
PRELU = Remedy("prelu_to_primitives", exact=True)
MAX_POOL = Remedy("max_pool_to_primitives", exact=True)
MAX_POOL_INEXACT = Remedy("max_pool_to_depthwise", exact=False)
EXIT = Remedy("exit_through_depth_to_space", exact=True)
HEAD = Remedy("head_to_depth_to_space", exact=True)
"""The rewrites of `zoo.adapt`, which may import this package, and not the other way round; a test holds them equal."""


@dataclass(frozen=True)
class Rule:
    """A condition of sparse inference. `upstream` names the function that holds it, `remedies` rewrites for it."""

    name: str
    upstream: str
    advice: str
    remedies: tuple[Remedy, ...] = ()

    def broken(self, where: str, remedies: Sequence[Remedy] | None = None, *, advice: str = "") -> RuleBreak:
        """This rule, broken at an operator or value; `remedies` and `advice` are those that fit there, if not all."""
        return RuleBreak(
            rule=self.name,
            where=where,
            upstream=self.upstream,
            advice=advice or self.advice,
            remedies=list(self.remedies if remedies is None else remedies),
        )


CPU_ALLOWS = Rule(
    "cpu_allows_sparse",
    "XNNPACK src/xnnpack/hardware-config.h: xnn_is_chw_compatible_config",
    "Nothing in the model can change this: measure sparse speed on ARM or in WebAssembly.",
)
THROUGH_DENSIFY = Rule(
    "weights_through_densify",
    "TensorFlow Lite xnnpack_delegate.cc: Delegate::PrepareOpsToDelegate (static_sparse_weights_)",
    "Run `zoo sparsify FILE`, which stores pruned kernels sparse and has them read through DENSIFY.",
)
FLOAT_VALUES = Rule(
    "float_values",
    "XNNPACK src/subgraph.c: all_values_fp",
    "Keep the region in float32 or float16; quantised values end it.",
)
OPERATOR_KNOWN = Rule(
    "operator_in_region",
    _COMPATIBLE,
    "Replace the operator by 1x1 or depthwise convolution, ADD, MUL, RESIZE_BILINEAR, an elementwise function or MEAN.",
)
STORED_ALIKE = Rule(
    "kernel_and_bias_alike",
    "TensorFlow Lite xnnpack_delegate.cc: Delegate::PrepareOpsToDelegate (static_unpacked_data_)",
    "Store kernel and bias alike: both as float16, or the bias as float32 beside a float32 or int8 kernel.",
)
CONV_GROUPS = Rule("conv_groups", _COMPATIBLE, "Use one group.")
DILATION = Rule("no_dilation", _COMPATIBLE, "Use dilation 1, and a larger kernel or more layers for reach.")
POINTWISE_STRIDE = Rule(
    "pointwise_stride", _COMPATIBLE, "Give the stride to a depthwise convolution before it; 1x1 takes none."
)
POINTWISE_PADDING = Rule("pointwise_padding", _COMPATIBLE, "Take the padding away; a 1x1 convolution needs none.")
CONV_KERNEL = Rule(
    "conv_kernel",
    _COMPATIBLE,
    "Use 1x1 kernels, and depthwise ones for reach; 3x3 is for the first convolution only.",
    (FIRST_BLOCKS,),
)
STEM_PADDING = Rule(
    "first_conv_padding",
    _COMPATIBLE,
    "Put an explicit PAD of 1 on each side before it and make it VALID.",
    (HALF_TURN, FIRST_BLOCKS, PAD_SYMMETRIC_INEXACT),
)
STEM_STRIDE = Rule("first_conv_stride", _COMPATIBLE, "Make 3x3 the first convolution only, with stride 2.")
STEM_CHANNELS = Rule("first_conv_channels", _COMPATIBLE, "Give the 3x3 convolution a picture of 3 channels.")
DEPTHWISE_SAME = Rule(
    "depthwise_same_padding",
    "XNNPACK src/subgraph/depthwise-convolution-2d.c: xnn_define_depthwise_convolution_2d, read by "
    "xnn_check_nchw_compatibility",
    "Put an explicit PAD before it, the same on all sides, and make it VALID.",
    (PAD_SYMMETRIC, HALF_TURN, PAD_SYMMETRIC_INEXACT),
)
DEPTHWISE_MULTIPLIER = Rule("depthwise_multiplier", _COMPATIBLE, "Use multiplier 1, with a 1x1 convolution to widen.")
DEPTHWISE_STRIDE = Rule("depthwise_stride", _COMPATIBLE, "Use stride 1 or 2, the same in height and width.")
DEPTHWISE_KERNEL = Rule("depthwise_kernel", _COMPATIBLE, "Use a 3x3 or 5x5 kernel.")
DEPTHWISE_PADDING = Rule(
    "depthwise_padding",
    _COMPATIBLE,
    "Pad by 1 on each side for 3x3 and by 2 for 5x5: PAD, then VALID.",
    (PAD_EXPLICIT, PAD_SYMMETRIC, HALF_TURN, PAD_SYMMETRIC_INEXACT),
)
ELEMENTWISE_RANK = Rule(
    "elementwise_rank",
    _COMPATIBLE,
    "Give it values of 4 dimensions: batch, height, width, channel.",
    (CONSTANT_FIRST,),
)
STATIC_OPERAND = Rule(
    "constant_operand_first",
    _COMPATIBLE,
    "Write the constant as the first operand, a scalar or vector of 4 dimensions; as the second, XNNPACK measures the "
    "other operand's shape in its place.",
    (CONSTANT_FIRST,),
)
RESIZE_SIZE = Rule("resize_size", _COMPATIBLE, "Resize from a height and width above 1.")
REGION_START = Rule(
    "region_start", _REWRITE, "Start with PAD 1 on each side and a 3x3 convolution of stride 2 on 3 channels."
)
REGION_END = Rule(
    "region_end",
    _REWRITE,
    "End each branch in MEAN over height and width or in DEPTH_TO_SPACE, as the published face detector does.",
    (EXIT, HEAD),
)
WITHOUT_POINTWISE = (
    "XNNPACK runs 1x1 convolutions sparse and nothing else: put a depthwise convolution and a 1x1 convolution in the "
    "place of larger ones."
)
DENSE_LAYERS = (
    "XNNPACK runs 1x1 convolutions sparse and nothing else, but LiteRT has sparse kernels of its own for dense layers: "
    "prune FULLY_CONNECTED kernels in blocks of 4 input channels (1x4), and keep them in float32."
)
NOTHING_TO_PRUNE = (
    "XNNPACK runs 1x1 convolutions sparse and nothing else, so that zeros make this network no faster; "
    "'zoo sparsify' may still make the file smaller."
)
"""What to do where no operator is a 1x1 convolution."""
READ_OUTSIDE = Rule(
    "read_inside_only",
    _REWRITE,
    "Let only operators of the region read its values, or branch off after its end.",
    (EXIT,),
)
LEFT_EARLY = Rule(
    "leaves_only_through_end",
    "XNNPACK src/subgraph.c: xnn_subgraph_rewrite_for_nchw does not check this, and outputs are wrong",
    "End this branch in DEPTH_TO_SPACE or MEAN before anything else reads it.",
    (EXIT, HEAD),
)
OUTPUT_INSIDE = Rule(
    "no_output_inside",
    "XNNPACK src/subgraph.c: xnn_subgraph_analyze_consumers_and_producers; older runtimes give wrong outputs",
    "Take the output after the region's end, through DEPTH_TO_SPACE or MEAN.",
    (EXIT, HEAD),
)
_REDUCE = "XNNPACK src/subgraph/static-reduce.c: reshape_reduce_operator"
MEAN_AXES = Rule(
    "mean_axes",
    f"{_REDUCE}, which takes NCHW for batch, channel, width, height",
    "Reduce height and width together, or end the region before it.",
    (EXIT,),
)
MEAN_KEEPS_DIMS = Rule(
    "mean_then_reshape",
    f"{_REDUCE}; readers see the channels in another dimension",
    "Follow MEAN by FULLY_CONNECTED or RESHAPE, or let it drop its dimensions.",
    (EXIT,),
)
MEAN_INSIDE = Rule(
    "mean_then_pointwise",
    f"{_REDUCE}; inside a region the mean seems to have as many channels as the map had rows",
    "Let a 1x1 convolution be the first to read a mean inside the region.",
    (EXIT,),
)
KERNEL_MISREAD = Rule(
    "sparse_kernel_delegated",
    "TensorFlow Lite xnnpack_delegate.cc: Delegate::PrepareOpsToDelegate; the kernel stays packed for other readers",
    "Store this kernel dense, or make its layer one that XNNPACK takes: kernel and bias stored alike, RELU or none.",
)
WRONG_OUTPUTS = (LEFT_EARLY, OUTPUT_INSIDE, MEAN_AXES, MEAN_KEEPS_DIMS, MEAN_INSIDE, KERNEL_MISREAD)
"""Rules that nothing checks at run time: where one is broken, the model runs and computes something else."""
ZERO_SHARE = Rule("zero_share", _REWRITE, "Prune the 1x1 kernels until more than 2/3 of all their weights are 0.")
