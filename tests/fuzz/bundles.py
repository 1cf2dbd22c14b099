"""Task bundles, sound and damaged."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile

from tests.fuzz import mutators

_NAMES = ("hand_detector.tflite", "hand_landmarks_detector.tflite", "pose_detector.tflite", "inner.task", "labels.txt")
_HOSTILE_NAMES = (
    *("../up.tflite", "/root.tflite", "C:\\up.tflite", "a/../../b.tflite", "\x1b[2J.tflite", "a\nb.tflite"),
    *("nul\0.txt.tflite", "x" * 3000 + ".tflite", ".tflite", "\u202eeliftt.tflite", "a//b.tflite", "con.tflite/"),
)
_MARKS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06")
_LONGEST_HEADER = 46


def bundle(members: list[tuple[str, bytes]], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip with these members, in this order, equal names allowed."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(file, "w", compression) as archive:
            for name, data in members:
                archive.writestr(name, data)
    return file.getvalue()


def mutant(models: list[bytes], chance: mutators.Chance) -> bytes:
    """A bundle of one to three of the models with one thing wrong: a member, a name, or the zip's own structure."""
    count = int(chance.integers(1, 4))
    chosen = [models[int(chance.integers(len(models)))] for _ in range(count)]
    names = [_NAMES[int(chance.integers(len(_NAMES)))] for _ in chosen]
    way = int(chance.integers(5))
    if way == 0:
        place = int(chance.integers(count))
        chosen[place] = mutators.BLIND["flip_bits"](chosen[place], chance)
    elif way == 1:
        names[int(chance.integers(count))] = _HOSTILE_NAMES[int(chance.integers(len(_HOSTILE_NAMES)))]
    elif way == 2:
        chosen[0] = bundle([("inner.tflite", chosen[0]), ("deep.task", bundle([("a.tflite", chosen[0])]))])
    compression = (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    made = bundle(list(zip(names, chosen, strict=True)), compression=compression[int(chance.integers(5))])
    if way == 3:
        return _damaged_header(made, chance)
    if way == 4:
        return mutators.BLIND[("truncate", "flip_bits", "cut_out", "splice")[int(chance.integers(4))]](made, chance)
    return made


def _damaged_header(data: bytes, chance: mutators.Chance) -> bytes:
    """A field of one header, of a member or the directory, becomes a number at the edge of its type."""
    mark = _MARKS[int(chance.integers(len(_MARKS)))]
    places = [place for place in range(len(data)) if data.startswith(mark, place)] if len(data) < 1 << 16 else []
    place = places[int(chance.integers(len(places)))] if places else data.rfind(mark)
    changed = bytearray(data)
    for _ in range(int(chance.integers(1, 4))):
        at = place + 4 + 2 * int(chance.integers((_LONGEST_HEADER - 4) // 2))
        form = ("<H", "<I")[int(chance.integers(2))]
        if at + struct.calcsize(form) <= len(changed):
            number = int(mutators.NUMBERS[int(chance.integers(len(mutators.NUMBERS)))])
            struct.pack_into(form, changed, at, number % 2 ** (8 * struct.calcsize(form)))
    return bytes(changed)


__all__ = ["bundle", "mutant"]
