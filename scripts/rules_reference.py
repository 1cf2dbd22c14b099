"""Write docs/sparse-rules.md anew from the rules and the corpus: `.venv/bin/python scripts/rules_reference.py`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from zoo.xnnpack import _rules as rules

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "sparse-rules.md"
OUTCOMES = ROOT / "tests" / "xnnpack" / "outcomes.json"
HEADER = """\
# When XNNPACK runs a model sparse

XNNPACK looks at the whole graph before it decides. It turns to sparse kernels for a **region**: a first 3x3 convolution
of stride 2 on 3 channels, all that follows it, up to MEAN or DEPTH_TO_SPACE. One operator that breaks a rule leaves the
whole region dense, and nothing says so. `zoo inspect FILE` names every rule that a file breaks, and where;
`zoo inspect FILE --suggest` looks for rewrites that mend them. This page is made from the rules in
`zoo/xnnpack/_rules.py` by `scripts/rules_reference.py`.

## How the rules are held

{cases} small graphs, each of which meets all rules or breaks one, went through LiteRT's web runtime (`@litertjs/core`
2.5.3 on Node), beside the same weights stored dense. Which sparse kernels ran was counted at the runtime's table of
functions, and outputs were compared. On {agree} the verdict and the runtime say the same: {sparse} sparse, {dense}
dense, {wrong} wrong. On {differ} the verdict says *wrong* where outputs came out right, by chance or because a map of
one position has no layout; the corpus says why for each. `.venv/bin/python scripts/refresh_outcomes.py` does it again.

**Dense** means that nothing is gained. **Wrong** is worse: the region runs sparse, and what leaves it, or is read in
it, is misread. The runtime may log a line, or crash, or return numbers that look like an answer.

A part of a graph that the delegate leaves to other kernels (an operator that XNNPACK does not take, or a fused TANH)
cuts the graph: a region needs its start and its end in one part, and a value that crosses the cut has to leave it.

## Rules

"""


def every_rule() -> list[rules.Rule]:
    """In the order of the module."""
    return [value for value in vars(rules).values() if isinstance(value, rules.Rule)]


def render() -> str:
    """The whole page."""
    outcomes = json.loads(OUTCOMES.read_text(encoding="utf-8")).values()
    agreed = Counter(told for told, _, seen in outcomes if told == seen)
    broken = Counter(rule for _, rules_broken, _ in outcomes for rule in rules_broken)
    header = HEADER.format(
        cases=len(outcomes),
        agree=agreed.total(),
        differ=len(outcomes) - agreed.total(),
        **{kind: agreed[kind] for kind in ("sparse", "dense", "wrong")},
    )
    wrong = {rule.name for rule in rules.WRONG_OUTPUTS}
    rows = ["| rule | if broken | what to change | rewrites | graphs | upstream |", "|---|---|---|---|---|---|"]
    for rule in every_rule():
        rewrites = [f"`{each.rewrite}`" + ("" if each.exact else " (not exact)") for each in rule.remedies]
        cells = (
            f"`{rule.name}`",
            "wrong" if rule.name in wrong else "dense",
            rule.advice,
            ", ".join(rewrites) or "none",
            str(broken[rule.name]),
            rule.upstream,
        )
        rows.append("| " + " | ".join(cells) + " |")
    footer = (
        "\n*Graphs*: how many of the corpus break this rule, alone or beside others. `operator_in_region` has rewrites "
        "for some operators: `prelu_to_primitives`, `max_pool_to_primitives`, `max_pool_to_depthwise` (not exact), "
        "`channel_pad_to_conv`, `pad_explicit`.\n"
    )
    return header + "\n".join(rows) + "\n" + footer


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
