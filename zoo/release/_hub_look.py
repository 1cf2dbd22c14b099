"""What a repository of the hub holds, and its files; everything that the hub says is bounded and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError, OutsideError, RefusedError
from zoo.files import hash_file
from zoo.release._hub_client import IS_DOWNLOAD, ask, status_of, timeout_seconds
from zoo.release._manifest import MAX_FILES, MAX_MANIFEST_BYTES

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUB_FILES = frozenset({".gitattributes"})
"""What the hub itself puts into every repository; it is in no release."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository: its Git LFS hash where it has one, else the hash of its Git blob."""

    sha256: str | None
    blob: str | None


@dataclass(frozen=True)
class Repository:
    """A repository at one commit; `commit` None: it does not exist."""

    commit: str | None
    private: bool
    files: Mapping[str, RemoteFile]
    tags: Mapping[str, str]


ABSENT = Repository(commit=None, private=False, files={}, tags={})


def check_repository(repository: str) -> str:
    """The address of the repository's page. Raises InputError where the name is not ORG/NAME."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise InputError(f"'{repository}' is not a name that the hub takes; write hf:ORG/NAME.") from error
    if repository.count("/") != 1:
        raise InputError(f"'{repository}' does not say whose it is; write hf:ORG/NAME.")
    return f"{constants.ENDPOINT}/{repository}"


def look(api: HfApi, repository: str, revision: str | None = None) -> Repository:
    """The repository at a revision (its main branch without one), `ABSENT` where the hub knows none."""
    info = ask(repository, lambda: _info(api, repository, revision))
    if info is None:
        return ABSENT
    return ask(repository, lambda: _with_tags(api, repository, info))


def _info(api: HfApi, repository: str, revision: str | None) -> Repository | None:
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        # Without a number of its own, this call alone would wait for ever.
        seconds = timeout_seconds()
        info = api.model_info(repository, revision=revision, files_metadata=True, timeout=seconds)
    except RepositoryNotFoundError as error:
        # The hub says 401 to a stranger who asks for what does not exist, or is private.
        if status_of(error) == 404 or api.token is None:
            return None
        raise
    siblings = info.siblings or []
    if len(siblings) > MAX_FILES:
        raise RefusedError(f"hf:{repository} holds more than {MAX_FILES} files, so it is no registry of releases.")
    files = {str(one.rfilename): RemoteFile(one.lfs.sha256 if one.lfs else None, one.blob_id) for one in siblings}
    return Repository(commit=info.sha, private=bool(info.private), files=files, tags={})


def _with_tags(api: HfApi, repository: str, info: Repository) -> Repository:
    refs = api.list_repo_refs(repository)
    tags = {str(tag.name): str(tag.target_commit) for tag in refs.tags[:MAX_FILES]}
    return Repository(commit=info.commit, private=info.private, files=info.files, tags=tags)


def differing(folder: Path, names: list[str], remote: Mapping[str, RemoteFile]) -> set[str]:
    """Those of the folder's files that the repository lacks or has otherwise, and what it has besides."""
    foreign = set(remote) - set(names) - HUB_FILES
    return foreign | {name for name in names if name not in remote or not _same(folder / name, remote[name])}


def _same(path: Path, remote: RemoteFile) -> bool:
    if remote.sha256 is not None:
        return remote.sha256 == hash_file(path)
    content = path.read_bytes()
    # Git's own name for this content.
    header = f"blob {len(content)}\0".encode()
    return remote.blob == hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def download(api: HfApi, repository: str, commit: str, name: str, target: Path, *, limit: int) -> str:
    """Fetch one file of at most `limit` bytes at a commit into `target`, and return its SHA-256.

    Raises RefusedError for a larger one.
    """
    return ask(repository, lambda: _download(api, repository, commit, name, target, limit))


def _download(api: HfApi, repository: str, commit: str, name: str, target: Path, limit: int) -> str:
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils._headers import build_hf_headers
    from huggingface_hub.utils._http import hf_raise_for_status

    digest, total = hashlib.sha256(), 0
    headers = build_hf_headers(token=api.token or False, library_name="mediapipe-zoo")
    url = hf_hub_url(repository, name, revision=commit, endpoint=api.endpoint)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        get_session().stream("GET", url, headers=headers, extensions={IS_DOWNLOAD: True}) as response,
        target.open("wb") as writer,
    ):
        hf_raise_for_status(response)
        for block in response.iter_raw():
            total += len(block)
            if total > limit:
                raise RefusedError(f"{name} of hf:{repository} is larger than its {limit} bytes; nothing was kept.")
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


def download_bytes(
    api: HfApi, repository: str, commit: str, name: str, folder: Path, *, limit: int = MAX_MANIFEST_BYTES
) -> bytes:
    """The content of one small file; `folder` is a place for it meanwhile."""
    path = folder / "downloaded"
    download(api, repository, commit, name, path, limit=limit)
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutsideError(f"{path} cannot be read: {error.strerror}.") from error
