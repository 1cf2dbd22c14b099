"""dlib's XML, as its imglab tool writes it: boxes and their parts (https://github.com/davisking/dlib/tree/master/tools/imglab)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.parsers import expat

from zoo.errors import InputError, shortened
from zoo.files import printable
from zoo.records import SkippedPicture
from zoo.sources.annotations._folder import MOST_PIXELS, MOST_POINTS, Folder
from zoo.sources.annotations._listed import Listed, Marked, Parsed, Place

_MOST_BYTES = 1 << 26
_MOST_DEPTH = 8
_MOST_PLACES = 20_000_000
"""Boxes times names of parts, since each box has a place for each; a face has 68 parts, and 100,000 of them fit."""
_SNIFFED = 1 << 16


def dlib_files(folder: Folder) -> list[str]:
    """The XML files in which a `dataset` begins."""
    # Without the zeros that UTF-16 puts between ASCII letters.
    return [
        name
        for name in folder.files("*.xml")
        if b"<dataset" in folder.read(name, most=_MOST_BYTES)[:_SNIFFED].replace(b"\0", b"")
    ]


def read_dlib(folder: Folder, file: str) -> Parsed:
    """Read one file. A box's `ignore` is kept, its label is the category, and its parts are the key points.

    Parts are the same for all: the sorted names of every part in the file. dlib does not say which are hidden.

    Raises:
        InputError: it is not such a file, or declares entities or a document type; the line is named.
    """
    parsing = _Parsing(file)
    parsing.run(folder.read(file, most=_MOST_BYTES))
    names = tuple(sorted({name for image in parsing.images for box in image.boxes for name in box.parts}))
    if len(names) > MOST_POINTS:
        raise InputError(f"{file} has {len(names)} names of parts, more than {MOST_POINTS}: give a part of it")
    boxes = sum(bool(box.parts) for image in parsing.images for box in image.boxes)
    if boxes * len(names) > _MOST_PLACES:
        raise InputError(f"{file} has {boxes} boxes with parts, of {len(names)} names: give a part of it")
    pictures: dict[str, Listed] = {}
    absent: list[SkippedPicture] = []
    base = PurePosixPath(file).parent.as_posix()
    bases = ("" if base == "." else base, "")
    for image in parsing.images:
        name = folder.find(image.name, bases, where=image.where)
        if name is None:
            absent.append(folder.absent(image.name, bases))
        elif name in pictures:
            raise InputError(f"{image.where}: {name} is listed twice: put its boxes together")
        else:
            pictures[name] = Listed(image.where, [box.marked(names) for box in image.boxes], image.size)
    return Parsed(pictures, names, tuple(absent))


@dataclass
class _Box:
    box: tuple[float, float, float, float]
    ignore: bool
    where: str
    label: str = "object"
    parts: dict[str, tuple[float, float]] = field(default_factory=dict)

    def marked(self, names: tuple[str, ...]) -> Marked:
        points: list[Place] = []
        for name in names if self.parts else ():
            x, y = self.parts.get(name, (0.0, 0.0))
            points.append((x, y, 2 if name in self.parts else 0))
        return Marked(self.box, self.label, self.where, points, ignore=self.ignore)


@dataclass
class _Image:
    name: str
    size: tuple[int, int] | None
    where: str
    boxes: list[_Box] = field(default_factory=list)


class _Parsing:
    """Walks the elements `dataset/images/image/box/part`; others, such as `comment`, are passed over."""

    def __init__(self, file: str) -> None:
        self.images: list[_Image] = []
        self._file = file
        self._path: list[str] = []
        self._text = ""
        self._parser = expat.ParserCreate()
        # Without a DOCTYPE expat knows no entity and opens no other file.
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def run(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise InputError(f"{self._file} line {error.lineno} is not XML ({error}): correct it") from error
        except (LookupError, ValueError) as error:
            # An encoding that Python does not have, or cannot do letter by letter.
            raise InputError(f"{self._file} line 1 names an encoding that is not read: save it as UTF-8") from error

    def _refuse(self, *_: object) -> None:
        raise self._error("a DOCTYPE may define entities and is not read: remove it")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        self._text = ""
        if len(self._path) > _MOST_DEPTH:
            raise self._error(f"elements lie more than {_MOST_DEPTH} deep: give a file of dlib's imglab")
        if self._path[0] != "dataset":
            raise self._error(f"it begins with <{printable(tag[:40])}> and not <dataset>: give a file of dlib's imglab")
        if self._path == ["dataset", "images", "image"]:
            self.images.append(self._image(attributes))
        elif self._path == ["dataset", "images", "image", "box"]:
            self.images[-1].boxes.append(self._box(attributes))
        elif self._path == ["dataset", "images", "image", "box", "part"]:
            parts = self.images[-1].boxes[-1].parts
            name = printable(self._attribute(attributes, "name")[:128])
            if name in parts:
                raise self._error(f"the part {shortened(name)} stands twice in its box: remove one")
            parts[name] = (self._number(attributes, "x"), self._number(attributes, "y"))

    def _end(self, tag: str) -> None:
        if self._path == ["dataset", "images", "image", "box", "label"] and self._text.strip():
            self.images[-1].boxes[-1].label = printable(self._text.strip())
        self._path.pop()

    def _characters(self, text: str) -> None:
        if self._path[-1] == "label":
            self._text = (self._text + text)[:128]

    def _image(self, attributes: dict[str, str]) -> _Image:
        size = None
        if "width" in attributes and "height" in attributes:
            size = (round(self._number(attributes, "width")), round(self._number(attributes, "height")))
        return _Image(self._attribute(attributes, "file"), size, self._where())

    def _box(self, attributes: dict[str, str]) -> _Box:
        left, top, width, height = (self._number(attributes, name) for name in ("left", "top", "width", "height"))
        if width < 0 or height < 0:
            raise self._error("the box has a negative width or height: correct it")
        return _Box((left, top, left + width, top + height), self._ignored(attributes), self._where())

    def _ignored(self, attributes: dict[str, str]) -> bool:
        text = attributes.get("ignore", "0").strip().lower()
        if text in ("true", "false"):
            return text == "true"
        return self._number({"ignore": text}, "ignore") != 0

    def _attribute(self, attributes: dict[str, str], name: str) -> str:
        if name not in attributes:
            raise self._error(f"<{printable(self._path[-1])}> lacks {name}: add it")
        return attributes[name]

    def _number(self, attributes: dict[str, str], name: str) -> float:
        text = self._attribute(attributes, name)
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not abs(number) <= MOST_PIXELS:
            raise self._error(f"{name}='{printable(text[:20])}' is not a number of pixels: correct it")
        return number

    def _where(self) -> str:
        return f"{self._file} line {self._parser.CurrentLineNumber}"

    def _error(self, problem: str) -> InputError:
        return InputError(f"{self._where()}: {problem}")
