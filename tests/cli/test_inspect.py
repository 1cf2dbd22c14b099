"""`zoo inspect`: what a person sees, what scripts get, and the page."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.xnnpack.graphs import Graph
from zoo.cli._inspect_screen import Screen, show
from zoo.cli._main import run
from zoo.xnnpack import inspect_path

HOSTILE = "</title><script>alert(1)</script>{{ 7 * 7 }}\x1b[2J\u202e"


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    """Two layers that break a rule, with different rewrites, and nothing stored sparse."""
    graph = Graph((1, 80, 112, 3))
    x = graph.depthwise(graph.stem(16), stride=2)
    x = graph.depthwise(graph.conv(x, 24, stored="dense", zeros=0.1), kernel=5, stride=2)
    path = tmp_path / "dense.tflite"
    path.write_bytes(graph.output(graph.mean(graph.conv(x, 32, stored="dense"))))
    return path


def hostile_file(folder: Path) -> Path:
    graph = Graph((1, 40, 56, 3))
    data = graph.output(graph.flat(graph.conv(graph.stem(), 16)))
    for tensor in graph.tensors:
        tensor.name = HOSTILE + tensor.name
    path = folder / "hostile.tflite"
    path.write_bytes(graph.output(len(graph.tensors) - 1))
    assert len(path.read_bytes()) > len(data)
    return path


def screen_of(path: Path, *, colour: bool = False, width: int | None = None) -> list[str]:
    screen = Screen(colour=colour, width=width)
    for part in inspect_path(path, targets=["wasm"]):
        show(part, screen)
    return screen.lines


def test_answer_comes_first_then_each_rule_with_place_change_and_rewrites(dense: Path) -> None:
    text = "\n".join(screen_of(dense))
    assert text.index("DENSE on wasm") < text.index("1. depthwise_same_padding") < text.index("deflated")
    assert "3x3, stride 2x2, uses SAME padding on 40x56: pads 0 before, 1 after" in text
    assert "pad_symmetric (exact), rotate_half_turn (exact)" in text
    assert "rotate_half_turn (exact), pad_symmetric_inexact (to be recovered by training)" in text
    assert "prediction" in text
    assert "if it ran sparse with 80% zeros" in text


def test_layers_that_break_a_rule_come_first_then_what_takes_most_time(dense: Path) -> None:
    lines = screen_of(dense)
    table = lines[next(place for place, line in enumerate(lines) if "layer, worst first" in line) + 1 :]
    assert ["depthwise_same_padding" in line for line in table] == [True, True, False, False, False, False]
    shares = [float(line.split("%")[0]) for line in table[2:]]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(dense: Path, width: int) -> None:
    # Names without a space cannot be folded.
    assert all(len(line) <= width for line in screen_of(dense, width=width) if "xnn_" not in line)


def test_colour_only_where_it_is_wanted(dense: Path) -> None:
    assert "\x1b[" in "".join(screen_of(dense, colour=True))
    assert "\x1b[" not in "".join(screen_of(dense))
    assert [re.sub(r"\x1b\[[\d;]*m", "", line) for line in screen_of(dense, colour=True)] == screen_of(dense)


def seen_in_a_terminal(path: Path, **environment: str) -> str:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "zoo.cli", "inspect", str(path)]
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(command, stdout=theirs, env={**kept, "TERM": "xterm-256color", **environment}) as running:
        os.close(theirs)
        text = b""
        # The end of a terminal is an error on Linux, and an empty read elsewhere.
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:
            pass
    os.close(ours)
    assert running.returncode == 0
    return text.decode()


def test_a_terminal_gets_colour_unless_no_color_is_set_and_a_pipe_gets_none(dense: Path) -> None:
    assert "\x1b[" in seen_in_a_terminal(dense)
    assert "\x1b[" not in seen_in_a_terminal(dense, NO_COLOR="1")
    piped = subprocess.run(
        [sys.executable, "-m", "zoo.cli", "inspect", str(dense)], capture_output=True, text=True, check=True
    )
    assert "\x1b[" not in piped.stdout


def test_names_of_a_file_steer_no_terminal(tmp_path: Path) -> None:
    text = "\n".join(screen_of(hostile_file(tmp_path)))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_json_is_one_document_and_require_decides_the_exit_code(
    dense: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(dense), "--json", "--require", "sparse"]) == 1
    captured = capsys.readouterr()
    (part,) = json.loads(captured.out)
    assert part["verdicts"][0]["sparse"] is False
    assert part["verdicts"][0]["breaks"][0]["remedies"][0] == {"rewrite": "pad_symmetric", "exact": True}
    assert re.fullmatch(r"Error: dense\.tflite does not run sparse on wasm: [^\n]+\n", captured.err)
    assert run(["inspect", str(dense), "--json"]) == 0


def test_what_computes_something_else_is_called_wrong_above_all(tmp_path: Path) -> None:
    # XNNPACK's sparse region hands the kept 1x1 map on in another order than the next layer reads.
    graph = Graph((1, 40, 56, 3))
    x = graph.conv(graph.mean(graph.conv(graph.stem(16), 32), keep_dims=True), 32)
    path = tmp_path / "kept.tflite"
    path.write_bytes(graph.output(x))
    lines = screen_of(path)
    assert "WRONG on wasm" in lines
    assert not [line for line in lines if line.startswith(("DENSE", "SPARSE"))]


def test_require_holds_where_it_runs_sparse(published_sparse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(published_sparse), "--require", "sparse", "--target", "arm64"]) == 0
    assert "SPARSE on arm64" in capsys.readouterr().out
    assert run(["inspect", str(published_sparse), "--require", "sparse", "--target", "x86-avx"]) == 1


@pytest.mark.parametrize("options", [["--require", "dense"], ["--target", "riscv"]])
def test_unknown_answers_are_usage_errors(options: list[str], dense: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(dense), *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(path: Path, out: Path) -> Page:
    assert run(["inspect", str(path), "--html", str(out)]) == 0
    return Page(out)


def test_page_stands_alone_and_shows_the_region_layer_by_layer(published_sparse: Path, tmp_path: Path) -> None:
    page = page_of(published_sparse, tmp_path / "page.html")
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe", "object"} & set(tags)
    assert not any("src" in attributes or "href" in attributes for _, attributes in page.tags)
    assert "Sparse on wasm: 48 of 48 1x1 convolutions" in page.text
    places = [attributes["class"] for tag, attributes in page.tags if tag == "tr" and "class" in attributes]
    found = inspect_path(published_sparse, targets=["wasm"])[0].layers
    assert places == [layer.place for layer in found]


def test_page_names_what_to_change(dense: Path, tmp_path: Path) -> None:
    page = page_of(dense, tmp_path / "page.html")
    assert "pad_symmetric (exact) and rotate_half_turn (exact)" in page.text
    broken = [attributes for tag, attributes in page.tags if tag == "rect" and "broken" in str(attributes["class"])]
    assert [attributes["class"] for attributes in broken] == ["candidate broken"] * 2


def test_page_begins_with_the_answer_and_names_a_rule_once_for_places_with_one_remedy(tmp_path: Path) -> None:
    graph = Graph((1, 80, 112, 3))
    x = graph.stem(16)
    for _ in range(2):
        x = graph.conv(graph.depthwise(x, stride=2), 16, stored="dense")
    path = tmp_path / "twice.tflite"
    path.write_bytes(graph.output(graph.mean(x)))
    page = page_of(path, tmp_path / "page.html")
    assert (
        page.text.index("Dense on wasm")
        < page.text.index("File size")
        < page.text.index("What to change")
        < page.text.index("Layer by layer")
    )
    headings = page.text.count("depthwise_same_padding") - page.text.count("breaks depthwise_same_padding")
    # In the answer, as the first rule broken, and over its two places.
    assert headings == 2
    assert page.text.count("stride 2x2, uses SAME padding on 40x56") == 2
    assert page.text.count("stride 2x2, uses SAME padding on 20x28") == 1


def test_same_file_gives_the_same_page(dense: Path, tmp_path: Path) -> None:
    page_of(dense, tmp_path / "one.html")
    page_of(dense, tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_page_is_never_half_written(dense: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("as it was")
    before = sorted(tmp_path.iterdir())
    # No file may grow beyond two blocks, as on a disk that is full.
    limited = ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh"]
    command = [sys.executable, "-m", "zoo.cli", "inspect", str(dense), "--html", str(page)]
    done = subprocess.run([*limited, *command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert re.fullmatch(r"Error: \S+page\.html cannot be written: [^\n]+\n", done.stderr)
    assert page.read_text() == "as it was"
    assert sorted(tmp_path.iterdir()) == before


def test_hostile_names_do_nothing_on_the_page(tmp_path: Path) -> None:
    page = page_of(hostile_file(tmp_path), tmp_path / "page.html")
    assert "script" not in [tag for tag, _ in page.tags]
    assert "{{ 7 * 7 }}" in page.text
    assert "\x1b" not in page.text


def test_page_that_cannot_be_written_is_one_sentence(dense: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(dense), "--html", str(dense.parent / "missing" / "page.html")]) in (2, 3)
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert not captured.out
