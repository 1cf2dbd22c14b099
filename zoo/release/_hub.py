"""The Hugging Face Hub as a registry: one commit with a whole release, then a tag with its version."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError, OutsideError, RefusedError, ZooError
from zoo.progress import Progress
from zoo.records import LATER_RECORDS, RECORDS, StageRecord
from zoo.release._hub_client import LOG_IN, ask
from zoo.release._hub_look import (
    ABSENT,
    HUB_FILES,
    RemoteFile,
    Repository,
    check_repository,
    differing,
    download,
    download_bytes,
    look,
)
from zoo.release._manifest import MANIFEST_NAME, RECORDS_FOLDER, SIGNATURE_NAME, Manifest, parse_manifest
from zoo.release._records import MAX_RECORD_BYTES, read_release_records
from zoo.release._registry import Sending
from zoo.release._sign import MAX_SIGNATURE_BYTES, check_signature

if TYPE_CHECKING:
    from huggingface_hub import HfApi


class HubRegistry:
    """`hf:ORG/NAME`: a repository with one model, whose main branch and newest tag are the last release."""

    def __init__(self, api: HfApi, repository: str, *, private: bool = False) -> None:
        self.page = check_repository(repository)
        self.api = api
        self.repository = repository
        self.private = private
        self._state: Repository | None = None

    @property
    def state(self) -> Repository:
        """What the repository held when it was first looked at."""
        if self._state is None:
            self._state = look(self.api, self.repository)
        return self._state

    def check(self, manifest: Manifest, *, dry_run: bool) -> None:
        """Refuse what cannot be sent. Raises InputError without a token, RefusedError where it is public already."""
        if self.api.token is None and not dry_run:
            raise InputError(f"There is no token for the hub; {LOG_IN}.")
        if self.private and self.state.commit is not None and not self.state.private:
            raise RefusedError(
                f"hf:{self.repository} is public already; make it private there, or leave --private out."
            )

    def versions(self, model: str) -> list[str]:
        """The tags of the repository."""
        return list(self.state.tags)

    def numbers(self, model: str, version: str) -> tuple[Manifest, Mapping[str, StageRecord]]:
        """Manifest and records of a published version, fetched; no model file is."""
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            at = look(self.api, self.repository, version)
            if at.commit is None:
                raise OutsideError(f"hf:{self.repository} lost {version} meanwhile; run the same command again.")
            manifest = fetch_manifest(self.api, self.repository, at, folder)
            if manifest.version != version:
                raise RefusedError(f"hf:{self.repository} {version} holds version {manifest.version}; mend it first.")
            for name in set(manifest.records) & set(RECORDS | LATER_RECORDS):
                path = f"{RECORDS_FOLDER}/{name}.json"
                if path in at.files:
                    download(self.api, self.repository, at.commit, path, folder / path, limit=MAX_RECORD_BYTES)
            records = read_release_records(
                folder / RECORDS_FOLDER, manifest, advice=f"hf:{self.repository} {version} is damaged"
            )
        return manifest, records

    def location(self, manifest: Manifest) -> str:
        """The address of the release's page."""
        return f"{self.page}/tree/{manifest.version}"

    def removed(self, names: Sequence[str]) -> list[str]:
        """Files of the release before that this one does not have; they go in the same commit.

        Raises RefusedError where files lie there that no release put there.
        """
        state, gone = self.state, sorted(set(self.state.files) - set(names) - HUB_FILES)
        if not gone or state.commit is None:
            return []
        known = {SIGNATURE_NAME, MANIFEST_NAME}
        if MANIFEST_NAME in state.files:
            with tempfile.TemporaryDirectory() as made:
                known |= {file.path for file in fetch_manifest(self.api, self.repository, state, Path(made)).files}
        foreign = [name for name in gone if name not in known]
        if foreign:
            raise RefusedError(
                f"hf:{self.repository} holds {foreign[0]}, which no release put there and which would be lost from its "
                "newest version; remove it there, or publish to another repository."
            )
        return gone

    def send(self, sending: Sending, *, progress: Progress) -> None:
        """Send all files as one commit on what was looked at, then tag it with the version.

        The tag comes last: a release without its tag is not published, and the same command finishes it. A commit or
        tag whose answer was lost is found again, and not made twice.
        Raises RefusedError where the version is tagged already with other files or the repository changed meanwhile,
        InputError where the hub declines name or token, OutsideError where network or hub fails.
        """
        names, version = list(sending.names), sending.manifest.version
        with progress.task(f"publish {sending.manifest.model} {version} to {self.repository}", 3.0) as ticker:
            state = self.state
            if version in state.tags:
                self._finish_tagged(sending)
                return
            if state.commit is None:
                ask(
                    self.repository,
                    lambda: self.api.create_repo(self.repository, private=self.private or None, exist_ok=True),
                )
                self._state = state = self._present()
            ticker.advance(note="repository ready")
            commit = state.commit if self._holds(state.files, sending) else self._commit(sending, state)
            if self._differing(look(self.api, self.repository, commit).files, sending):
                raise OutsideError(
                    f"hf:{self.repository} does not hold what was sent, so it was not tagged; run the same command "
                    "again."
                )
            ticker.advance(note=f"{len(names)} files sent")
            self._tag(version, commit or "")
            ticker.advance(note="tagged")

    def _present(self) -> Repository:
        state = look(self.api, self.repository)
        if state.commit is None:
            raise OutsideError(f"hf:{self.repository} was made but cannot be seen yet; run the same command again.")
        if self.private and not state.private:
            raise RefusedError(f"hf:{self.repository} was made public by the hub, so nothing was sent.")
        return state

    def _finish_tagged(self, sending: Sending) -> None:
        version = sending.manifest.version
        if not self._holds(look(self.api, self.repository, version).files, sending):
            raise RefusedError(
                f"hf:{self.repository} has {version} already and it is never overwritten; "
                "raise the version in the spec and build again."
            )

    def _commit(self, sending: Sending, state: Repository) -> str:
        from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

        operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
            *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=sending.folder / name) for name in sending.names),
            *(CommitOperationDelete(path_in_repo=name, is_folder=False) for name in self.removed(sending.names)),
        ]
        failure: ZooError
        try:
            return ask(
                self.repository,
                lambda: (
                    self.api.create_commit(
                        self.repository,
                        operations,
                        commit_message=f"Release {sending.manifest.model} {sending.manifest.version}",
                        parent_commit=state.commit,
                    ).oid
                ),
            )
        except OutsideError as error:
            failure = error
        # The commit may have been made, and its answer lost.
        now = self._look_again()
        if now.commit is not None and now.commit != state.commit and self._holds(now.files, sending):
            return now.commit
        raise failure from None

    def _tag(self, version: str, commit: str) -> None:
        failure: ZooError
        try:
            ask(self.repository, lambda: self.api.create_tag(self.repository, tag=version, revision=commit))
        except (OutsideError, RefusedError) as error:
            failure = error
        else:
            return
        if self._look_again(version).commit != commit:
            raise type(failure)(f"{failure} All files are there, but without the tag {version}.") from None

    def _look_again(self, revision: str | None = None) -> Repository:
        try:
            return look(self.api, self.repository, revision)
        except ZooError:
            return ABSENT

    def _holds(self, files: Mapping[str, RemoteFile], sending: Sending) -> bool:
        """Whether the repository holds this release; a signature by the same key is as good as a new one."""
        others = self._differing(files, sending)
        if others == {SIGNATURE_NAME} and SIGNATURE_NAME in files and sending.public_key is not None:
            return self._takes_signature(sending, sending.public_key)
        return not others

    def _differing(self, files: Mapping[str, RemoteFile], sending: Sending) -> set[str]:
        return differing(sending.folder, list(sending.names), files)

    def _takes_signature(self, sending: Sending, public_key: bytes) -> bool:
        """Whether the signature of the same files there holds; then it takes the place of ours."""
        own = (sending.folder / SIGNATURE_NAME).read_bytes()
        state = self.state
        revision = sending.manifest.version if sending.manifest.version in state.tags else None
        at = look(self.api, self.repository, revision)
        with tempfile.TemporaryDirectory() as made:
            theirs = download_bytes(
                self.api, self.repository, at.commit or "main", SIGNATURE_NAME, Path(made), limit=MAX_SIGNATURE_BYTES
            )
        (sending.folder / SIGNATURE_NAME).write_bytes(theirs)
        try:
            check_signature(sending.folder, public_key, key_name="the signing key")
        except RefusedError:
            (sending.folder / SIGNATURE_NAME).write_bytes(own)
            return False
        return True


def fetch_manifest(api: HfApi, repository: str, at: Repository, folder: Path) -> Manifest:
    """The manifest of a repository at a commit. Raises InputError where it has none or it is not valid."""
    if at.commit is None or MANIFEST_NAME not in at.files:
        raise InputError(f"hf:{repository} holds no {MANIFEST_NAME}, so it is no release of this zoo.")
    content = download_bytes(api, repository, at.commit, MANIFEST_NAME, folder)
    return parse_manifest(content, place=f"{MANIFEST_NAME} of hf:{repository}")
