"""`zoo card`."""

from __future__ import annotations

from zoo.cli._options import DEFAULT_OUT, JsonOption, ModelArgument, OutOption, TemplateOption

EXAMPLES = """\
Examples:

\b
  zoo card face_detector
  zoo card face_detector --template our-card       with words of our own
"""


def card(
    model: ModelArgument,
    template: TemplateOption = None,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Write a built model's card again.

    From its records, with the present templates and words; nothing is measured."""
    from zoo.cli._command import command_line
    from zoo.cli._output import person, write_json
    from zoo.pipeline import write_card_again

    release = write_card_again(model, out=out, command=command_line(), templates=template)
    if as_json:
        write_json({"model": model, "card": [release / "README.md", release / "card.html"]})
    else:
        person().print(f"{release / 'card.html'} and {release / 'README.md'} are new.")
