"""YAML from outside: counted before anything is built, so that a text takes no more than its length can explain.

This package's one loader. PyYAML's safe loader runs no code, but builds what it is told to: a few lines of aliases or
merge keys stand for billions of values, and a number may have a million digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from zoo.errors import InputError, shortened
from zoo.files import printable

if TYPE_CHECKING:
    from yaml import Event, Node

MOST_VALUES = 100_000
"""Values in all, each alias counted as what it stands for. The largest spec of this package has about 700."""
MOST_LEVELS = 32
"""Lists and mappings inside one another; a spec has seven."""
MOST_REFERENCES = 1000
"""Aliases and merge keys, each."""
MOST_KEY_LETTERS = 256
MOST_COMPUTED_LETTERS = {"int": 20, "float": 32, "timestamp": 40}
"""Of values that are computed from their letters, by kind; 64 bits need 20 digits.

PyYAML's time grows with the square of the letters, and Python's dictionaries crawl on keys that differ by multiples of
2^61 - 1.
"""


def load_yaml(text: str, place: str) -> object:
    """What the YAML says, in mappings, lists, text, numbers, dates, booleans and None.

    `place` begins the sentence of an error, such as the file's name. Raises InputError, with the line, where the text
    is not valid YAML, or holds more than the limits above.
    """
    import yaml

    # libyaml's parser is ten times as fast, and keeps its place in no call stack.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _count(yaml.parse(text, Loader=loader), place)
        root = yaml.compose(text, Loader=loader)
        if root is None:
            return None
        _check_letters(root, place)
        return yaml.constructor.SafeConstructor().construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = f" ({shortened(error.problem)})" if error.problem else ""
        raise InputError(f"{place}{line} is not valid YAML{problem}: correct it and run again.") from error
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        # PyYAML lets through what Python says of a day 99, of '!!bool maybe' and of '!!int ""'.
        raise InputError(f"{place} is not valid YAML: correct it and run again.") from error


def _count(events: Iterable[Event], place: str) -> None:
    """Go through the text once, building nothing, and hold it against the limits.

    Values are counted as PyYAML would build them: an alias costs what its anchor holds.
    """
    import yaml

    held: dict[str, int] = {}
    open_groups: list[tuple[str | None, int]] = []
    values = aliases = merges = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            if event.anchor not in held:
                raise _refused(event, place, f"an alias of nothing that ended before it, '{shortened(event.anchor)}'")
            values += held[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            merges += event.value == "<<"
            values += 1
            if event.anchor:
                held[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            values += 1
            # Its own alias inside it would be a value that holds itself.
            held.pop(event.anchor or "", None)
            open_groups.append((event.anchor, values))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_groups.pop()
            if anchor:
                held[anchor] = values - before + 1
        for count, most, what in (
            (values, MOST_VALUES, "values, counted with what aliases stand for"),
            (len(open_groups), MOST_LEVELS, "levels of lists and mappings"),
            (aliases, MOST_REFERENCES, "aliases"),
            (merges, MOST_REFERENCES, "merge keys"),
        ):
            if count > most:
                raise _refused(event, place, f"more than {most:,} {what}")


def _check_letters(root: Node, place: str) -> None:
    """Hold every key and number against the limits, and every key against those beside it.

    A node with several aliases is looked at once.
    """
    import yaml

    seen, waiting = {id(root)}, [root]
    while waiting:
        node = waiting.pop()
        below: list[Node] = []
        if isinstance(node, yaml.ScalarNode):
            kind = node.tag.rpartition(":")[2]
            if len(node.value) > MOST_COMPUTED_LETTERS.get(kind, len(node.value)):
                most = MOST_COMPUTED_LETTERS[kind]
                raise _refused(node, place, f"a number or date of {len(node.value):,} letters, where {most} are enough")
        elif isinstance(node, yaml.MappingNode):
            lines: dict[tuple[str, str], int] = {}
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and len(key.value) > MOST_KEY_LETTERS:
                    raise _refused(key, place, f"a field's name of {len(key.value):,} letters")
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    # PyYAML keeps the last of them without a word.
                    line = key.start_mark.line + 1
                    if (key.tag, key.value) in lines:
                        name = shortened(printable(key.value))
                        before = lines[key.tag, key.value]
                        raise _refused(key, place, f"the field '{name}' again, which line {before} has already")
                    lines[key.tag, key.value] = line
                below += [key, value]
        elif isinstance(node, yaml.SequenceNode):
            below = node.value
        waiting += [one for one in below if id(one) not in seen]
        seen.update(id(one) for one in below)


def _refused(spot: Event | Node, place: str, what: str) -> InputError:
    line = f" line {spot.start_mark.line + 1}" if spot.start_mark else ""
    return InputError(f"{place}{line} cannot be taken: it has {what}; correct it and run again.")
