"""The Hugging Face Hub as a registry: one commit with all files, then a tag with the version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from zoo.errors import InputError, OutsideError, RefusedError, ZooError
from zoo.progress import Progress
from zoo.release._manifest import Manifest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LOG_IN = "set HF_TOKEN or run 'hf auth login' with a token that may write there"

T = TypeVar("T")


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


def push_release(
    release: Path, repository: str, manifest: Manifest, *, files: Sequence[str], progress: Progress
) -> str:
    """Send all files as one commit, then tag it with the version; the address of the tagged release.

    The tag comes last: a release without its tag is not published, and the same command finishes it. The token comes
    from the environment or the hub's own login only.
    Raises RefusedError where the version is tagged already, InputError where the hub declines name or token,
    OutsideError where network or hub fails.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    if get_token() is None:
        raise InputError(f"There is no token for the hub; {LOG_IN}.")
    api = HfApi(library_name="mediapipe-zoo", library_version=manifest.zoo_version)
    additions = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=release / name) for name in files]
    label = f"{manifest.model} {manifest.version}"
    with _quiet_bars(), progress.task(f"publish {label} to {repository}", 3.0) as ticker:
        _ask(repository, lambda: api.create_repo(repository, exist_ok=True))
        _refuse_existing_tag(api, repository, manifest)
        ticker.advance(note="repository ready")
        commit = _ask(repository, lambda: api.create_commit(repository, additions, commit_message=f"Release {label}"))
        ticker.advance(note="files sent")
        _ask(repository, lambda: api.create_tag(repository, tag=manifest.version, revision=commit.oid))
        ticker.advance(note="tagged")
    return f"{check_repository(repository)}/tree/{manifest.version}"


def _refuse_existing_tag(api: HfApi, repository: str, manifest: Manifest) -> None:
    refs = _ask(repository, lambda: api.list_repo_refs(repository))
    if any(tag.name == manifest.version for tag in refs.tags):
        raise RefusedError(
            f"hf:{repository} has {manifest.version} already and it is never overwritten; "
            "raise the version in the spec and build again."
        )


def _ask(repository: str, call: Callable[[], T]) -> T:
    """Make one call to the hub; what goes wrong becomes one sentence of ours.

    The causes are left out on purpose: what a server answers, or a client quotes, may hold the token.
    """
    from huggingface_hub.errors import HfHubHTTPError

    failure: ZooError
    try:
        return call()
    except HfHubHTTPError as error:
        failure = _explain_status(repository, error.response.status_code)
    except JSONDecodeError:
        failure = OutsideError(f"What answered for hf:{repository} is not the hub; check HF_ENDPOINT and the network.")
    except ValueError:
        failure = InputError(
            f"The hub declined a file or field for hf:{repository}; check the front matter of README.md."
        )
    except Exception as error:
        # The client lets the errors of three transports through (HTTP, Git LFS, Xet), so the kind is all that is sure.
        failure = OutsideError(
            f"The hub could not be reached for hf:{repository} ({type(error).__name__}); "
            "check the network and run the same command again."
        )
    raise failure from None


def _explain_status(repository: str, status: int) -> ZooError:
    if status in {401, 403}:
        return InputError(f"The hub does not let this token write to hf:{repository} (status {status}); {LOG_IN}.")
    if status == 404:
        return InputError(f"The hub has no hf:{repository} that this token may see (status 404); {LOG_IN}.")
    if status in {400, 422}:
        return InputError(
            f"The hub declined hf:{repository} (status {status}); check the name and the card's front matter."
        )
    return OutsideError(f"The hub failed for hf:{repository} (status {status}); run the same command again later.")


@contextmanager
def _quiet_bars() -> Iterator[None]:
    # Progress is ours to show; the client would draw its own bars on standard error.
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    were_disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not were_disabled:
            enable_progress_bars()
