"""Rendering a card: README.md for the hub, card.html for everywhere else, and their figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup

from zoo.card._context import CardContext, Snippet, make_context
from zoo.card._front_matter import front_matter
from zoo.card._records import CardRecords
from zoo.card._templates import html_environment, markdown_environment, python_environment
from zoo.records import GateOverride, ReleaseChanges, StageRecord
from zoo.spec import ModelSpec

TASKS_RUNTIME = "mediapipe>=1.2"
"""The first releases whose Tasks API takes full-range face models: 0.10.21 refuses them."""
LEGACY_SNIPPETS = {
    "face_detection": "legacy_faces.py.jinja",
    "palm_detection": "legacy_hands.py.jinja",
    "hand_landmark": "legacy_hands.py.jinja",
    "pose_detection": "legacy_poses.py.jinja",
    "pose_landmark": "legacy_poses.py.jinja",
}
"""How the legacy graph of a task is driven."""
METHOD = re.compile(r"[A-Za-z]\w*\.\w+")
"""How a drop names a method of a task or an interpreter, which is no graph."""


def render_card(
    spec: ModelSpec, records: Mapping[str, StageRecord], folder: Path, *, overrides: Sequence[GateOverride] = ()
) -> list[Path]:
    """Write `README.md`, `card.html` and `figures/*.svg` into `folder`; the files written, in that order.

    Every number comes from the records by name (`zoo.records.RECORDS`); what they do not hold the card calls not
    measured. `overrides`: gates in spite of which it is published, which the card says first. The same spec, records
    and overrides give the same bytes. Raises TypeError where a record is not of its class.
    """
    from zoo.card._figures import draw_figures

    read = CardRecords.of(records)
    figures = draw_figures(read)
    context = make_context(spec, read, figures=figures, snippets=use_snippets(spec), overrides=overrides)
    texts = {
        "README.md": _render_markdown(context, front_matter(spec, read)),
        "card.html": html_environment().get_template("card.html.jinja").render(_variables(context)),
        **{figure.path: figure.file_svg for figure in figures.values()},
    }
    return [_write(folder / name, text) for name, text in texts.items()]


def _render_markdown(context: CardContext, yaml: str) -> str:
    template = markdown_environment().get_template("README.md.jinja")
    # The YAML was written by a YAML library; escaping it as Markdown would break it.
    return template.render(_variables(context), front_matter=Markup(yaml))  # noqa: S704


def _variables(context: CardContext) -> dict[str, Any]:
    return {field.name: getattr(context, field.name) for field in fields(context)}


def use_snippets(spec: ModelSpec) -> list[Snippet]:
    """Code for each way into MediaPipe: the Tasks API where it takes this file, then every legacy graph of the spec."""
    environment = python_environment()
    file = f"{spec.name}_sparse.tflite"
    found = []
    if spec.task == "face_detection" and spec.detector is not None:
        # Other tasks take a bundle of two models, and not this file.
        tasks = environment.get_template("snippets/tasks_api.py.jinja")
        code = tasks.render(file=file, score_threshold=spec.detector.score_threshold)
        found.append(Snippet("MediaPipe Tasks, where the model is an argument", needs=TASKS_RUNTIME, code=code))
    for drop in spec.dropin:
        if METHOD.fullmatch(drop.graph):
            continue
        graph = str(PurePosixPath(drop.replaces).parent / f"{drop.graph}.binarypb")
        found.append(
            Snippet(
                title="A legacy MediaPipe graph, with its file replaced",
                needs=drop.runtime,
                code=environment.get_template(f"snippets/{LEGACY_SNIPPETS[spec.task]}").render(
                    file=file,
                    graph=graph,
                    replaces=drop.replaces,
                    complexity=int(not drop.replaces.endswith("_lite.tflite")),
                ),
            )
        )
    return found


def render_changelog(title: str, changes: Sequence[ReleaseChanges], folder: Path) -> Path:
    """Write `CHANGELOG.md` into `folder`, newest version first; its path."""
    template = markdown_environment().get_template("CHANGELOG.md.jinja")
    return _write(folder / "CHANGELOG.md", template.render(title=title, changes=changes))


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.strip() + "\n", encoding="utf-8", newline="\n")
    return path
