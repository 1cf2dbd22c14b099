"""YAML from outside is counted before it is built: no text hangs, fills memory or makes a sentence of pages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zoo.bounded_yaml import MOST_LEVELS, load_yaml
from zoo.errors import InputError, shortened

HEAD = "name: face_detector\n"


def laughs(merge: str) -> str:
    """Nine levels, each of ten times the one before: a thousand million values where all are built."""
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, 10):
        ten = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} {{{merge}: [{ten}]}}")
    return "\n".join(lines)


BOMBS = {
    "merge keys": (laughs("<<"), "line 6 cannot be taken: it has more than 100,000 values"),
    "aliases": (laughs("k"), "line 6 cannot be taken: it has more than 100,000 values"),
    "a value that holds itself": ("a: &a [1, *a]", "an alias of nothing that ended before it, 'a'"),
    "a mapping merged into itself": ("a: &a {<<: *a}", "an alias of nothing that ended before it, 'a'"),
    "an anchor named anew inside itself": ("a: &a 1\nb: &a [*a]", "an alias of nothing that ended before it, 'a'"),
    "many merge keys": ("a:\n" + "  <<: {}\n" * 50_000, "more than 1,000 merge keys"),
    "many aliases": (f"a: &a 1\nb: [{'*a, ' * 2000}]", "more than 1,000 aliases"),
    "many values": (f"a: [{'1,' * 200_000}]", "more than 100,000 values"),
    "brackets": ("[" * 500_000, f"more than {MOST_LEVELS} levels of lists and mappings"),
    "braces": ("{a: " * 200_000, f"more than {MOST_LEVELS} levels of lists and mappings"),
    "dashes": ("- " * 400_000, f"more than {MOST_LEVELS} levels of lists and mappings"),
    "a hexadecimal number": (HEAD + "seed: 0x" + "f" * 300_000, "line 2 cannot be taken: it has a number or date of"),
    "an octal number": (HEAD + "seed: 0" + "7" * 300_000, "line 2 cannot be taken: it has a number or date of"),
    "a binary number": (HEAD + "seed: 0b" + "1" * 300_000, "line 2 cannot be taken: it has a number or date of"),
    "a decimal number": (HEAD + "seed: -" + "9" * 300_000, "line 2 cannot be taken: it has a number or date of"),
    "underscores": (HEAD + "seed: 1" + "_" * 300_000, "line 2 cannot be taken: it has a number or date of"),
    "a base-60 integer": (HEAD + "seed: 1" + ":1" * 100_000, "line 2 cannot be taken: it has a number or date of"),
    "a base-60 float": (HEAD + "seed: 1" + ":1" * 100_000 + ".5", "line 2 cannot be taken: it has a number or date"),
    "a long float": (HEAD + "seed: 1." + "5" * 300_000, "line 2 cannot be taken: it has a number or date of"),
    "a number by its tag": (HEAD + "seed: !!int '" + "1" * 300_000 + "'", "it has a number or date of"),
    "a number as a field": (HEAD + "? 0x" + "f" * 300_000 + "\n: 1", "it has a field's name of 300,002 letters"),
    "a long key": (HEAD + "? " + "k" * 900_000 + "\n: 1", "line 2 cannot be taken: it has a field's name of 900,000"),
    "a long tag": (HEAD + "a: !" + "t" * 300_000 + " 1", "line 2 is not valid YAML (could not determine a constructor"),
    "a long anchor": (HEAD + "a: *" + "t" * 300_000, "line 2 cannot be taken: it has an alias of nothing"),
    "half of a letter": (HEAD + 'title: "\\ud800"', "line 2 is not valid YAML"),
    "a boolean by its tag": ("a: !!bool maybe", "is not valid YAML"),
    "an integer of nothing": ('a: !!int ""', "is not valid YAML"),
    "a date by its tag": ("a: !!timestamp soon", "is not valid YAML"),
    "a day that is none": ("a: 2020-99-99", "is not valid YAML"),
    "an object": ("a: !!python/object/apply:os.system [true]", "line 1 is not valid YAML"),
    "a field twice": (
        "a:\n  b: 1\n  c: 2\n  b: 3",
        "line 4 cannot be taken: it has the field 'b' again, which line 2 has",
    ),
    "a field twice in one line": ("{a: 1, 'a': 2}", "line 1 cannot be taken: it has the field 'a' again"),
    "two documents": ("--- 1\n--- 2", "line 2 is not valid YAML"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_no_file_needs_is_refused_in_one_short_sentence(name: str) -> None:
    text, said = BOMBS[name]
    with pytest.raises(InputError) as caught:
        load_yaml(text, "spec.yaml")
    sentence = str(caught.value)
    assert said in sentence
    assert sentence.startswith("spec.yaml ")
    assert "\n" not in sentence
    assert len(sentence) < 300


def test_dictionaries_cannot_be_made_to_crawl() -> None:
    # Python hashes integers modulo 2^61 - 1, so such keys would all meet in one place.
    keys = ", ".join(f"{number * (2**61 - 1)}: 0" for number in range(1, 20_000))
    with pytest.raises(InputError, match=r"a number or date of 2. letters, where 20 are enough"):
        load_yaml(f"{{{keys}}}", "data.yaml")


def test_what_people_write_is_read_as_before() -> None:
    text = """
    defaults: &defaults {epochs: 4, rate: 1.5e-4}
    steps:
      - {<<: *defaults, name: prune}
      - <<: [*defaults, {name: finetune}]
        epochs: 8
    size: 0x7fff_ffff
    big: 18446744073709551615
    time: 1:30
    day: 2026-11-29 12:30:00.123456 +01:00
    yes: no
    names: {0: face, 1: hand}
    none: ~
    """
    import yaml

    assert load_yaml(text, "spec.yaml") == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_nothing_is_none(text: str) -> None:
    assert load_yaml(text, "spec.yaml") is None


def test_a_quotation_is_cut_in_its_middle() -> None:
    assert shortened("short") == "short"
    cut = shortened("a" * 1000 + "z" * 1000, 50)
    assert len(cut) == 50
    assert cut.startswith("a" * 20)
    assert cut.endswith("z" * 10)
    assert shortened(10**5000) == "a number of thousands of digits"


def test_a_sentence_keeps_its_place_and_its_next_step_whatever_it_quotes() -> None:
    sentence = str(InputError(f"spec.yaml: '{'x' * 100_000}' is no name; correct it."))
    assert len(sentence) == 2000
    assert sentence.startswith("spec.yaml: 'x")
    assert sentence.endswith("is no name; correct it.")


CASES = ["merge_bomb", "hexint", "float60", "longkey", "surrogate"]


@pytest.mark.parametrize("case", CASES)
def test_specs_that_were_answered_wrongly_once(case: str, shared_cases: Path) -> None:
    command = [sys.executable, "-m", "zoo.cli", "build", "face_detector"]
    done = subprocess.run(command, cwd=shared_cases / "s2_yaml" / case, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "spec.yaml" in done.stderr
    assert len(done.stderr) < 400
    assert len(done.stderr.strip().splitlines()) == 1
