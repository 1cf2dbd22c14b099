"""How a budget was spent: the zeros of each kernel, what it costs with them, and what its zeros cost in quality."""

from __future__ import annotations

from zoo.card._blocks import Figure
from zoo.card._figure_style import MUTED, finish, new_canvas, series_colour
from zoo.card._format import integer, percent, plain, short
from zoo.records import BudgetedVariant, BudgetRecord


def budget_figure(record: BudgetRecord | None, variant: str = "sparse") -> Figure | None:
    """Bars by kernel for a variant with a budget; None where it has none. Call it within the card's figure style."""
    spent = next((one for one in record.variants if one.variant == variant), None) if record else None
    if spent is None or not spent.kernels:
        return None
    canvas = new_canvas(4.6)
    zeros, times, rises = canvas.subplots(3, 1, sharex=True)
    places = range(1, len(spent.kernels) + 1)
    colour = series_colour(variant)
    zeros.bar(places, [100 * kernel.zeros for kernel in spent.kernels], color=colour, width=0.7)
    zeros.set_ylim(0, 100)
    zeros.set_ylabel("zeros, %")
    dense = [100 * kernel.dense_time for kernel in spent.kernels]
    times.bar(places, dense, color=MUTED, alpha=0.35, width=0.7, label="dense")
    times.bar(places, [100 * kernel.time for kernel in spent.kernels], color=colour, width=0.7, label="with its zeros")
    times.set_ylabel("time, %")
    times.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.1, fontsize=8, labelcolor=MUTED)
    rises.bar(places, [kernel.rise for kernel in spent.kernels], color=colour, width=0.7)
    rises.set_ylabel("rise of loss")
    rises.set_xlabel("1x1 kernels, in the order of the file")
    for axes in (zeros, times, rises):
        axes.grid(visible=False, axis="x")
        axes.set_xlim(0.2, len(spent.kernels) + 0.8)
    caption = "How the budget was spent: zeros of each kernel, its predicted time, and what its zeros alone cost"
    return finish(canvas, name="budget", caption=caption, alt=_alt(spent))


def _alt(spent: BudgetedVariant) -> str:
    shares = [kernel.zeros for kernel in spent.kernels]
    worst = max(spent.kernels, key=lambda kernel: kernel.rise)
    return (
        f"Bars of {integer(len(shares))} kernels: {percent(min(shares))} to {percent(max(shares))} zeros each. With "
        f"all else they take {percent(spent.wasm_time)} of the published file's predicted time, of which "
        f"{percent(spent.rest_time)} is not theirs. Most costs {plain(worst.layer)}, whose zeros alone would raise the "
        f"loss by {short(worst.rise)}."
    )


def asked_of(record: BudgetRecord | None, sparsity: float | None, variant: str = "sparse") -> str:
    """What pruning was asked for, in words that follow "Asked for"."""
    if sparsity is not None:
        return f"{percent(sparsity)} zeros"
    spent = next((one for one in record.variants if one.variant == variant), None) if record else None
    if spent is None:
        return "a share of zeros that is not known"
    limits = [("predicted time in WebAssembly", spent.wasm_time_limit), ("bytes", spent.bytes_limit)]
    named = " and ".join(f"{percent(limit)} of its {what}" for what, limit in limits if limit is not None)
    reference = spent.reference.replace("_", " ")
    return f"at most {named} (of the {reference} file), with zeros where they raise the loss least"
