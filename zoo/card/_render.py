"""Rendering a card: README.md for the hub, card.html for everywhere else, and their figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from markupsafe import Markup

from zoo.card._context import CardContext, Snippet, make_context
from zoo.card._front_matter import front_matter
from zoo.card._hub_results import ENTRIES_PATH, eval_entries
from zoo.card._records import CardRecords
from zoo.card._templates import html_environment, markdown_environment, python_environment, render, require_templates
from zoo.records import GateOverride, ReleaseChanges, StageRecord
from zoo.spec import ModelSpec

TASKS_RUNTIME = "mediapipe>=1.2"
"""The first releases whose Tasks API takes full-range face models: 0.10.21 refuses them."""
LEGACY_SNIPPETS = {
    "face_detection": ("legacy_faces.py.jinja", "face_detection"),
    "palm_detection": ("legacy_hands.py.jinja", "hand_landmark"),
    "hand_landmark": ("legacy_hands.py.jinja", "hand_landmark"),
    "pose_detection": ("legacy_poses.py.jinja", "pose_landmark"),
    "pose_landmark": ("legacy_poses.py.jinja", "pose_landmark"),
}
"""How the legacy graph of a task is driven, and the module of MediaPipe that holds the graph; a detector's file lies in
another."""
METHOD = re.compile(r"[A-Za-z]\w*\.\w+")
"""How a drop names a method of a task or an interpreter, which is no graph."""


def render_card(
    spec: ModelSpec,
    records: Mapping[str, StageRecord],
    folder: Path,
    *,
    overrides: Sequence[GateOverride] = (),
    templates: Path | None = None,
) -> list[Path]:
    """Write `README.md`, `card.html`, `figures/*.svg` and, with labels of the hub, `.eval_results/labels.yaml`.

    Returns the files written. Every number comes from the records by name (`zoo.records.RECORDS`); what they do not
    hold the card calls not measured. `overrides`: gates in spite of which it is published, which the card says first.
    `templates`: a folder whose templates come before all others. The same of all these gives the same bytes. Raises
    TypeError where a record is not of its class, InputError where a template is wrong.
    """
    from zoo.card._figures import draw_figures

    read = CardRecords.of(records)
    figures = draw_figures(read)
    context = make_context(spec, read, figures=figures, snippets=use_snippets(spec, templates), overrides=overrides)
    texts = {
        "README.md": _render_markdown(context, front_matter(spec, read), templates),
        "card.html": render(html_environment(templates), "card.html.jinja", _variables(context)),
        **{figure.path: figure.file_svg for figure in figures.values()},
    }
    if entries := eval_entries(read):
        texts[ENTRIES_PATH] = entries
    return [_write(folder / name, text) for name, text in texts.items()]


def check_templates(spec: ModelSpec, templates: Path) -> None:
    """Try a folder of templates on a card without records, so that what is wrong is told before a build of hours.

    Raises InputError where there is no such folder, it holds no template of a card, or one cannot be rendered.
    """
    require_templates(templates)
    context = make_context(spec, CardRecords(), figures={}, snippets=use_snippets(spec, templates))
    _render_markdown(context, "", templates)
    render(html_environment(templates), "card.html.jinja", _variables(context))


def _render_markdown(context: CardContext, yaml: str, templates: Path | None) -> str:
    # The YAML was written by a YAML library; escaping it as Markdown would break it.
    variables = _variables(context) | {"front_matter": Markup(yaml)}  # noqa: S704
    return render(markdown_environment(templates), "README.md.jinja", variables)


def _variables(context: CardContext) -> dict[str, Any]:
    return {field.name: getattr(context, field.name) for field in fields(context)}


def use_snippets(spec: ModelSpec, templates: Path | None = None) -> list[Snippet]:
    """Code for each way into MediaPipe: the Tasks API where it takes this file, then every legacy graph of the spec."""
    environment = python_environment(templates)
    file = f"{spec.name}_sparse.tflite"
    found = []
    if spec.task == "face_detection" and spec.detector is not None:
        # Other tasks take a bundle of two models, and not this file.
        values = {"file": file, "score_threshold": spec.detector.score_threshold}
        code = render(environment, "snippets/tasks_api.py.jinja", values)
        found.append(Snippet("MediaPipe Tasks, where the model is an argument", needs=TASKS_RUNTIME, code=code))
    snippet, module = LEGACY_SNIPPETS[spec.task]
    for drop in spec.dropin:
        if METHOD.fullmatch(drop.graph):
            continue
        values = {
            "file": file,
            "graph": f"mediapipe/modules/{module}/{drop.graph}.binarypb",
            "replaces": drop.replaces,
            "complexity": int(not drop.replaces.endswith("_lite.tflite")),
        }
        code = render(environment, f"snippets/{snippet}", values)
        found.append(Snippet("A legacy MediaPipe graph, with its file replaced", needs=drop.runtime, code=code))
    return found


def render_changelog(title: str, changes: Sequence[ReleaseChanges], folder: Path) -> Path:
    """Write `CHANGELOG.md` into `folder`, newest version first; its path."""
    text = render(markdown_environment(), "CHANGELOG.md.jinja", {"title": title, "changes": changes})
    return _write(folder / "CHANGELOG.md", text)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.strip() + "\n", encoding="utf-8", newline="\n")
    return path
