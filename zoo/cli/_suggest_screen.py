"""What `zoo inspect --suggest` adds: the rewrites that make a model ready, what they should gain, and the command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.adapt import Applied, Plan, Suggestion
from zoo.cli._inspect_screen import Screen
from zoo.xnnpack import POSSIBLE_ZEROS

MOST_BREAKS = 6
"""Broken rules that are shown where there is no plan; the rest are counted."""


def show_suggestion(suggestion: Suggestion, screen: Screen, *, file: Path | None) -> None:
    """One file's suggestion. `file`: what the command is to rewrite; None for a model inside a bundle."""
    screen.add()
    exact, cheaper = suggestion.exact, suggestion.cheaper
    if exact is not None and not exact.names:
        screen.add("NO REWRITES NEEDED", bold=True, fg="green")
        screen.labelled("why", "no structural rule is broken: it can be pruned as it is")
        if exact.slower:
            show_prediction(exact.cost, screen)
    elif exact is not None and exact.slower:
        screen.add("EXACT REWRITES THAT GAIN NOTHING", bold=True, fg="yellow")
        _plan(exact, screen)
        screen.labelled("note", "'zoo adapt' writes it only with --slower", fg="yellow")
    elif exact is not None:
        screen.add("EXACT REWRITES", bold=True, fg="green")
        _plan(exact, screen)
        _command(file, (), screen)
    if cheaper is not None:
        screen.add()
        screen.add("CHEAPER, INEXACT" if exact is not None else "INEXACT REWRITES", bold=True, fg="yellow")
        _plan(cheaper, screen)
        screen.labelled("note", "outputs move; training has to recover them", fg="yellow")
        if not cheaper.slower:
            _command(file, cheaper.names, screen)
    if suggestion.unfinished:
        screen.add("NOT WORKED OUT" if suggestion.best is None else "NOT ALL TRIED", bold=True, fg="yellow")
        screen.labelled("why", suggestion.unfinished)
    if suggestion.unproven:
        screen.add("TURNED DOWN" if suggestion.best else "NO PLAN", bold=True, fg="red")
        screen.labelled("why", suggestion.unproven)
    if suggestion.closest is not None:
        _closest(suggestion.closest, screen)


def suggestion_document(suggestion: Suggestion) -> dict[str, Any]:
    """For `--json`: each plan with `rewrites`, `predicted_cost` and `breaks`, or None; why others were turned down."""
    plans = {"exact": suggestion.exact, "cheaper": suggestion.cheaper, "closest": suggestion.closest}
    documents = {kind: None if plan is None else _document(plan) for kind, plan in plans.items()}
    return {**documents, "unproven": suggestion.unproven, "unfinished": suggestion.unfinished}


def applied_in_words(applied: Sequence[Applied]) -> list[str]:
    """Each rewrite on one line: what it is, where it applied, and what that means for outputs."""
    return [
        f"{each.name}, {each.places} place{'s' if each.places > 1 else ''}, "
        f"{'exact' if each.exact else 'to be recovered by training'}"
        for each in applied
    ]


def show_breaks(plan_breaks: Sequence[Any], screen: Screen) -> None:
    """The rules that stay broken, each where it is, with what a person can change."""
    for one in plan_breaks[:MOST_BREAKS]:
        screen.labelled("broken", f"{one.rule} at {one.where}", fg="red")
        screen.labelled("change", one.advice, fg="green")
    if len(plan_breaks) > MOST_BREAKS:
        screen.labelled("", f"and {len(plan_breaks) - MOST_BREAKS} more")


def _plan(plan: Plan, screen: Screen) -> None:
    for line in applied_in_words(plan.adapted.applied):
        screen.labelled("rewrite", line)
    show_prediction(plan.cost, screen)


def show_prediction(cost: float, screen: Screen) -> None:
    """What the file, pruned, should take of the time that the one it comes from takes; said plainly where no less."""
    pruned = f"sparse with {POSSIBLE_ZEROS:.0%} zeros in its 1x1 kernels"
    said = f"{pruned}, about {cost:.2f} of the time of the file as it is, dense"
    slower = round(cost, 2) >= 1
    screen.labelled("prediction", said, **({"fg": "yellow"} if slower else {}))
    if slower:
        screen.labelled("", "so nothing is gained: it would be no faster than now", fg="yellow")


def _command(file: Path | None, names: Sequence[str], screen: Screen) -> None:
    if file is None:
        screen.labelled("command", "take the model out of the bundle, then 'zoo adapt' it")
        return
    options = [part for name in names for part in ("--rewrite", name)]
    screen.labelled("command", shlex.join(["zoo", "adapt", str(file), *options]), bold=True)


def _closest(plan: Plan, screen: Screen) -> None:
    screen.add("NO PLAN", bold=True, fg="red")
    screen.labelled("why", "no list of the rewrites that this zoo has makes it ready")
    for line in applied_in_words(plan.adapted.applied):
        screen.labelled("closest", line)
    show_breaks(plan.breaks, screen)


def _document(plan: Plan) -> dict[str, Any]:
    return {"rewrites": plan.adapted.applied, "predicted_cost": round(plan.cost, 4), "breaks": plan.breaks}
