"""What earlier scans learned about each file of a folder, so that an unchanged folder is not decoded again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import cpu_count
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from zoo.errors import OutsideError
from zoo.progress import Progress
from zoo.sources._cache import cache_dir, write_whole
from zoo.sources._decode import MOST_BYTES, MOST_PIXELS, Decoded, UnusableError, inspect_picture
from zoo.sources._walk import FileState

_VERSION = 1
_MOST_WORKERS = 8
_MOST_INDEX_BYTES = 1 << 30
# File systems stamp times in coarse steps (FAT: 2 s). A file that changed within such a step of being read could change
# again under the same stamp, so its entry is not kept.
_RACY_NS = 2_500_000_000

Outcome = Decoded | str
"""A picture as decoded, or the reason why it cannot be used."""

# size, mtime_ns, ctime_ns, reason, sha256, width, height, look (hexadecimal: JSON readers lose digits of wide integers)
_Entry = tuple[int, int, int, str | None, str, int, int, str]
_ENTRIES: TypeAdapter[tuple[str, dict[str, _Entry]]] = TypeAdapter(tuple[str, dict[str, _Entry]])


@dataclass(frozen=True)
class _Known:
    state: FileState
    outcome: Outcome


def inspect_all(root: Path, files: Mapping[str, FileState], *, progress: Progress) -> dict[str, Outcome]:
    """Decode each file below `root`, but for those whose size and times are as at an earlier scan.

    An index that is missing, damaged, of another version or not writable costs time and nothing else.
    """
    index = _index_path(root)
    started_ns = time.time_ns()
    known = _read(index)
    outcomes: dict[str, Outcome] = {
        name: known[name].outcome for name, state in files.items() if name in known and known[name].state == state
    }
    new = [name for name in files if name not in outcomes]
    if new:
        # Pillow decodes without holding the interpreter's lock, so threads do.
        pool = ThreadPoolExecutor(max_workers=min(_MOST_WORKERS, cpu_count() or 1))
        try:
            with progress.task("Checking pictures", float(len(new))) as ticker:
                for name, outcome in zip(new, pool.map(partial(_inspect, root), new), strict=True):
                    outcomes[name] = outcome
                    ticker.advance()
        finally:
            # After Ctrl-C the pictures that wait are not decoded.
            pool.shutdown(wait=True, cancel_futures=True)
    if new or len(known) != len(files):
        settled = {
            name: _Known(state, outcomes[name])
            for name, state in files.items()
            if max(state.mtime_ns, state.ctime_ns) < started_ns - _RACY_NS
        }
        try:
            _write(index, settled)
        except OutsideError as error:
            progress.say(f"The next scan will be slow: {error}")
    return {name: outcomes[name] for name in files}


def _inspect(root: Path, name: str) -> Outcome:
    try:
        return inspect_picture(root / name)
    except UnusableError as error:
        return str(error)


def _index_path(root: Path) -> Path:
    key = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()
    return cache_dir() / "pictures" / f"{key}.json"


def _signature() -> str:
    """Changes with whatever decides an outcome: this format, the bounds, and the decoder."""
    import PIL

    return f"{_VERSION} {MOST_BYTES} {MOST_PIXELS} Pillow {PIL.__version__}"


def _read(index: Path) -> dict[str, _Known]:
    try:
        if index.stat().st_size > _MOST_INDEX_BYTES:
            return {}
        signature, entries = _ENTRIES.validate_json(index.read_bytes())
        if signature != _signature():
            return {}
        return {name: _known(entry) for name, entry in entries.items()}
    except (OSError, ValidationError, ValueError):
        return {}


def _known(entry: _Entry) -> _Known:
    size, mtime_ns, ctime_ns, reason, sha256, width, height, look = entry
    outcome = Decoded(sha256=sha256, width=width, height=height, look=int(look, 16)) if reason is None else reason
    return _Known(FileState(size, mtime_ns, ctime_ns), outcome)


def _write(index: Path, known: Mapping[str, _Known]) -> None:
    entries = {name: _entry(one) for name, one in known.items()}
    write_whole(index, _ENTRIES.dump_json((_signature(), entries)))


def _entry(known: _Known) -> _Entry:
    state, outcome = known.state, known.outcome
    times = (state.size, state.mtime_ns, state.ctime_ns)
    if isinstance(outcome, str):
        return (*times, outcome, "", 0, 0, "0")
    return (*times, None, outcome.sha256, outcome.width, outcome.height, f"{outcome.look:x}")
