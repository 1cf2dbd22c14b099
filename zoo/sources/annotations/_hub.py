"""A data set of the Hugging Face Hub at a commit, brought into the cache once."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

from filelock import FileLock

from zoo.errors import HUB_CLIENT, InputError, OutsideError, ZooError, is_own_fault
from zoo.files import printable
from zoo.progress import Progress
from zoo.sources._cache import cache_dir, full_disk_message, is_full_disk

HUB_PREFIX = "hub:"
_ADDRESS = re.compile(r"^hub:([A-Za-z0-9][A-Za-z0-9._-]{0,95})/([A-Za-z0-9][A-Za-z0-9._-]{0,95})@([0-9a-f]{40})$")
_WANTED = ("jpg", "jpeg", "png", "webp", "json", "csv", "txt", "xml", "mat", "yaml", "yml", "md")
"""Endings of what is brought: pictures, annotations and credits, nothing that could be run."""
_MOST_BYTES = 100 << 30
_MOST_FILES = 2_000_000
_SECONDS = 20.0
_NOT_THERE = frozenset({401, 403, 404})
_LOCK_SECONDS = 3600


def hub_folder(address: str, *, progress: Progress) -> Path:
    """The folder of `hub:ORG/NAME@REVISION`, from the cache or downloaded into it; there when complete, by rename.

    A revision is a commit's 40 digits, since a branch or tag can be moved to other pictures.

    Raises:
        InputError: the address is not of this form, the hub has no such data set, or it is larger than is brought.
        OutsideError: the hub cannot be reached, or the disk is full.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise InputError(
            f"'{printable(address[:200])}' must be hub:ORG/NAME@REVISION, where REVISION is a commit's 40 hexadecimal "
            "digits: pin the data set to one"
        )
    organisation, name, revision = match.groups()
    folder = cache_dir() / "hub" / f"{organisation}--{name}--{revision}"
    if folder.is_dir():
        return folder
    part = folder.with_name(f"{folder.name}.part")
    with _asking(address, part):
        part.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock"), timeout=_LOCK_SECONDS):
            if folder.is_dir():
                return folder
            _download(f"{organisation}/{name}", revision, part, address=address, progress=progress)
            # The client's notes about the download.
            shutil.rmtree(part / ".cache", ignore_errors=True)
            part.replace(folder)
    return folder


def _download(repository: str, revision: str, part: Path, *, address: str, progress: Progress) -> None:
    from huggingface_hub import DryRunFileInfo, HfApi, snapshot_download

    endpoint = os.environ.get("HF_ENDPOINT")
    # Asked once, where the download itself would go on asking for half a minute without a network.
    HfApi(endpoint=endpoint).dataset_info(repository, revision=revision, timeout=_SECONDS)
    # Both endings: the hub's patterns tell capital letters apart.
    patterns = [f"*.{form}" for ending in _WANTED for form in (ending, ending.upper())]
    fetch = partial(
        snapshot_download,
        repo_type="dataset",
        revision=revision,
        local_dir=part,
        endpoint=endpoint,
        allow_patterns=patterns,
    )
    # Partial application hides from the types that a dry run answers with what it would fetch.
    planned = cast("list[DryRunFileInfo]", fetch(repository, dry_run=True))
    size = sum(file.file_size or 0 for file in planned)
    if size > _MOST_BYTES or len(planned) > _MOST_FILES:
        raise InputError(
            f"{address} has {len(planned)} files of {size} bytes, more than is brought: give a smaller one"
        )
    with progress.task(f"Downloading {repository}", None):
        fetch(repository)
    if not part.is_dir():
        raise InputError(f"{address} has no picture and no annotation file: give another data set")


@contextmanager
def _asking(address: str, part: Path) -> Iterator[None]:
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    disable_progress_bars()
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        if not isinstance(error, OSError) and is_own_fault(error, outside=HUB_CLIENT):
            raise
        # The hub's client lets errors of its HTTP library through, some of them OSError.
        if isinstance(error, OSError) and is_full_disk(error):
            raise OutsideError(full_disk_message(part)) from error
        if isinstance(error, HfHubHTTPError) and error.response.status_code in _NOT_THERE:
            raise InputError(
                f"{address}: the hub has no such data set at this revision, or it is not open to you: check both"
            ) from error
        # Not the client's words: what a server answers may hold a token.
        raise OutsideError(
            f"{address} cannot be brought from the hub ({type(error).__name__}): check the name and the network, "
            "or give a folder"
        ) from error
    finally:
        enable_progress_bars()
