"""How this package talks to the Hugging Face Hub: by the hub's client, answers bounded, no token in any error."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import TYPE_CHECKING, TypeVar

from zoo.errors import HUB_CLIENT, InputError, OutsideError, RefusedError, ZooError, is_own_fault

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi

LOG_IN = "set HF_TOKEN or run 'hf auth login' with a token that may do this"
TIMEOUT_SETTING = "ZOO_HUB_TIMEOUT"
DEFAULT_TIMEOUT = 60.0
"""Seconds of silence after which the hub counts as gone; an answer may take ten times as long in all, a file longer."""
MAX_ANSWER_BYTES = 16 << 20
"""The largest answer, of a repository with thousands of files, takes about a megabyte."""
LONGEST_WAIT = 60.0
"""Seconds that are waited where the hub asks for a pause; for a longer one a person should decide."""
MOST_PAUSES = 3
IS_DOWNLOAD = "zoo_download"
"""Mark of requests whose answer is a file, which the reader bounds by the size that it must have."""

LOGGERS = ("huggingface_hub", "httpx2", "httpcore2")

T = TypeVar("T")


class _PauseError(Exception):
    """The hub asks for a pause that is too long to be waited for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"pause of {seconds:.0f} seconds")
        self.seconds = seconds


class _AnswerError(Exception):
    """What answers is not the hub: too much, or not in plain bytes."""


@contextmanager
def hub_client() -> Iterator[HfApi]:
    """The hub's own client, whose token comes from the environment or the hub's login and from nowhere else.

    Files go by HTTP, as Git LFS or in the commit: a release is a few megabytes, for which no other transport gains.
    """
    from huggingface_hub import HfApi, constants, get_token, set_client_factory
    from huggingface_hub.utils import _http
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    from zoo import __version__

    factory = getattr(_http, "_GLOBAL_CLIENT_FACTORY", _http.default_client_factory)
    bars, xet = not are_progress_bars_disabled(), constants.HF_HUB_DISABLE_XET
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    set_client_factory(_bounded_client)
    # Progress and errors are ours to tell; the client would write on standard error by itself, and its transport would
    # log headers as a careless server sends them.
    disable_progress_bars()
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    constants.HF_HUB_DISABLE_XET = True
    try:
        yield HfApi(library_name="mediapipe-zoo", library_version=__version__, token=get_token())
    finally:
        constants.HF_HUB_DISABLE_XET = xet
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if bars:
            enable_progress_bars()
        set_client_factory(factory)


def _bounded_client() -> httpx2.Client:
    from huggingface_hub.utils._http import default_client_factory

    from zoo.release._hub_patience import bound_answers

    client = default_client_factory()
    client.timeout = timeout_seconds()
    bound_answers(client, grace=10 * timeout_seconds())
    # A compressed answer could be a thousand times larger than what is counted.
    client.headers["Accept-Encoding"] = "identity"
    client.event_hooks = {**client.event_hooks, "response": [*client.event_hooks["response"], _bound]}
    return client


def timeout_seconds() -> float:
    """Seconds of silence that end a call, from the environment. Raises InputError for what is no such number."""
    text = os.environ.get(TIMEOUT_SETTING, str(DEFAULT_TIMEOUT))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise InputError(f"{TIMEOUT_SETTING}={text} is not a number of seconds up to 3600; correct or remove it.")
    return seconds


def _bound(response: httpx2.Response) -> None:
    """Refuse what no hub would answer, before it is read."""
    import httpx2

    if response.headers.get("Content-Encoding", "identity") not in {"", "identity"}:
        raise _AnswerError("a compressed answer")
    if response.status_code in {429, 503} and (pause := _pause_of(response)) > LONGEST_WAIT:
        raise _PauseError(pause)
    if response.request.extensions.get(IS_DOWNLOAD) and response.status_code == 200:
        return

    class Bounded(httpx2.SyncByteStream):
        def __init__(self, stream: httpx2.SyncByteStream) -> None:
            self.stream = stream

        def __iter__(self) -> Iterator[bytes]:
            total = 0
            for chunk in self.stream:
                total += len(chunk)
                if total > MAX_ANSWER_BYTES:
                    raise _AnswerError("an endless answer")
                yield chunk

        def close(self) -> None:
            self.stream.close()

    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = Bounded(response.stream)


def _pause_of(response: httpx2.Response) -> float:
    """Seconds that the hub asks to wait, 0 where it does not say."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def ask(repository: str, call: Callable[[], T]) -> T:
    """Make one call to the hub; what goes wrong becomes one sentence of ours, but for our own faults, which go on.

    Where the hub asks for a short pause, the call is made again after it: nothing of it was done.
    The causes are left out on purpose: what a server answers, or a client quotes, may hold the token.
    """
    failure: ZooError | None = None
    for tried in range(MOST_PAUSES + 1):
        pause = None
        try:
            return call()
        except Exception as error:
            response = _response_of(error)
            if response is not None and response.status_code == 429 and tried < MOST_PAUSES:
                pause = max(1.0, _pause_of(response))
            failure = _explain(repository, error, status_of(error))
            if failure is None:
                raise
        if pause is None:
            break
        time.sleep(pause)
    assert failure is not None  # noqa: S101 - the last try leaves by the break above
    raise failure from None


def status_of(error: BaseException) -> int | None:
    """The status of the answer behind an error, None where there was none."""
    response = _response_of(error)
    return None if response is None else int(response.status_code)


def _response_of(error: BaseException | None) -> httpx2.Response | None:
    from huggingface_hub.errors import HfHubHTTPError

    # Uploads run in threads, whose errors are wrapped.
    for _ in range(5):
        if isinstance(error, HfHubHTTPError):
            return error.response
        error = error.__cause__ if error is not None else None
    return None


def _explain(repository: str, error: Exception, status: int | None) -> ZooError | None:
    """The sentence for what the hub, the network or the disk did; None for a fault of our own."""
    from zoo.release._hub_patience import TooSlowError

    if isinstance(error, ZooError):
        return error
    if isinstance(error, _PauseError):
        return OutsideError(
            f"The hub asks for a pause of {error.seconds:.0f} seconds before hf:{repository}; "
            "run the same command again after it."
        )
    if isinstance(error, TooSlowError):
        return OutsideError(f"The hub answers too slowly for hf:{repository}; run the same command again later.")
    if status is not None:
        return _explain_status(repository, status)
    if isinstance(error, JSONDecodeError | _AnswerError):
        return _no_hub(repository)
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError) and error.errno:
        return OutsideError(
            f"A file for hf:{repository} cannot be read or written ({error.strerror}); mend that and run the same "
            "command again."
        )
    if not isinstance(error, OSError) and is_own_fault(error, outside=HUB_CLIENT):
        return None
    if isinstance(error, KeyError | TypeError | AttributeError):
        return _no_hub(repository)
    if isinstance(error, ValueError):
        return InputError(f"The hub declined a file or field for hf:{repository}; check the front matter of README.md.")
    # The client lets the errors of its transports through, so the kind is all that is sure.
    return OutsideError(
        f"The hub could not be reached for hf:{repository} ({type(error.__cause__ or error).__name__}); "
        "check the network and run the same command again."
    )


def _no_hub(repository: str) -> OutsideError:
    return OutsideError(f"What answered for hf:{repository} is not the hub; check HF_ENDPOINT and the network.")


def _explain_status(repository: str, status: int) -> ZooError:
    if status in {401, 403}:
        return InputError(f"The hub does not let this token use hf:{repository} (status {status}); {LOG_IN}.")
    if status == 404:
        return InputError(f"The hub has no hf:{repository}, or not this version, for you (status 404); {LOG_IN}.")
    if status in {400, 413, 422}:
        return InputError(
            f"The hub declined hf:{repository} (status {status}); check the name and the card's front matter."
        )
    if status in {409, 412}:
        return RefusedError(
            f"hf:{repository} was changed by someone else meanwhile (status {status}), so nothing was published; look "
            "at it and run the same command again."
        )
    if status == 429:
        return OutsideError(
            f"The hub declines hf:{repository} for now, after too many calls (status 429); run the same command again "
            "in some minutes."
        )
    return OutsideError(f"The hub failed for hf:{repository} (status {status}); run the same command again later.")
