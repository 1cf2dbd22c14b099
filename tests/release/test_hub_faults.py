"""Whatever the hub does wrong: nothing half-published, one sentence, no token anywhere, and the next run finishes."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.release._hub_server import NAME, TOKEN, Fault, Hub, running_hub, use_hub, without_waiting
from tests.release._keys import make_keys
from tests.release._releases import make_release, publish_to
from zoo.cli._main import run
from zoo.errors import InputError, OutsideError, RefusedError, ZooError
from zoo.release import verify_release

TO = f"hf:{NAME}"
UPLOAD, PART, COMPLETE = "PUT /upload/", "/2", "/complete"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with running_hub() as running:
        use_hub(running.endpoint, monkeypatch=monkeypatch, home=tmp_path)
        yield running


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release whose model goes in several parts."""
    return make_release(tmp_path_factory.mktemp("large"), payload=os.urandom(100_000))


class Watched:
    """All that a run of publishing says, anywhere."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
        self.caplog, self.capfd, self.told = caplog, capfd, ""
        caplog.set_level(logging.DEBUG)

    def publish(self, release: Path, **options: Path) -> ZooError | None:
        """Publish, and the error that ended it, if one did."""
        found: ZooError | None = None
        try:
            publish_to(release, TO, key=options.get("key"))
        except ZooError as error:
            found = error
        if found is not None:
            assert "\n" not in str(found)
            assert found.__context__ is None
            self.told += str(found)
        return found

    def assert_no_token(self) -> None:
        output = self.capfd.readouterr()
        assert TOKEN not in self.told + self.caplog.text + output.out + output.err
        assert output.out == ""


@pytest.fixture
def watched(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Watched:
    return Watched(caplog, capfd)


def whole_or_nothing(hub: Hub, release: Path, tmp_path: Path) -> bool:
    """Whether the release is there, whole; else nothing of it is on any branch or tag."""
    files = hub.files if NAME in hub.state.repos else {}
    assert "face_detector_sparse.tflite" in files or not files
    if files:
        folder = tmp_path / f"seen-{time.monotonic_ns()}"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        verify_release(folder)
    return bool(files)


ENDING = [
    ("GET /api/models/", 401, InputError),
    ("/repos/create", 401, InputError),
    ("/repos/create", 403, InputError),
    ("/repos/create", 500, OutsideError),
    ("/validate-yaml", 403, InputError),
    ("/preupload/", 403, InputError),
    ("/preupload/", 500, OutsideError),
    ("/batch", 401, InputError),
    ("/batch", 500, OutsideError),
    (UPLOAD, 403, InputError),
    (UPLOAD, 500, OutsideError),
    (COMPLETE, 500, OutsideError),
    ("/verify", 500, OutsideError),
    ("/commit/", 401, InputError),
    ("/commit/", 403, InputError),
    ("/commit/", 409, RefusedError),
    ("/commit/", 412, RefusedError),
    ("/commit/", 500, OutsideError),
    ("/commit/", 503, OutsideError),
]


@pytest.mark.parametrize(("where", "status", "kind"), ENDING, ids=lambda value: str(getattr(value, "__name__", value)))
def test_what_the_hub_declines_publishes_nothing_and_the_next_run_all(
    where: str,
    status: int,
    kind: type[ZooError],
    hub: Hub,
    release: Path,
    tmp_path: Path,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_waiting(monkeypatch)
    hub.faults = [Fault(where, status=status)]
    error = watched.publish(release)
    assert isinstance(error, kind)
    assert f"status {status}" in str(error)
    assert not whole_or_nothing(hub, release, tmp_path)
    hub.faults = []
    assert watched.publish(release) is None
    assert whole_or_nothing(hub, release, tmp_path)
    assert hub.repo.tags == {"0.1.0": hub.repo.head}
    assert len(hub.repo.commits) == 2
    watched.assert_no_token()


@pytest.mark.parametrize("where", ["/repos/create", "/preupload/", "/batch", PART, COMPLETE, "/verify", "/commit/"])
def test_a_line_cut_in_the_middle_publishes_nothing_and_the_next_run_all(
    where: str, hub: Hub, release: Path, tmp_path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    hub.faults = [Fault(where, cut=True)]
    assert isinstance(watched.publish(release), OutsideError)
    assert not whole_or_nothing(hub, release, tmp_path)
    hub.faults = []
    uploaded = len(hub.state.parts)
    assert watched.publish(release) is None
    assert whole_or_nothing(hub, release, tmp_path)
    assert (len(hub.repo.commits), len(hub.state.store)) == (2, 1)
    assert len(hub.state.parts) == 5 >= uploaded
    watched.assert_no_token()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(PART, cut=True, times=2),
        Fault(COMPLETE, cut=True, times=1),
        Fault(UPLOAD, status=500, times=2),
        Fault("/batch", status=503, times=1),
        Fault("/preupload/", status=429, headers={"Retry-After": "2"}, times=1),
        Fault("/commit/", status=429, headers={"Retry-After": "3"}, times=2),
        Fault("/tag/", status=429, headers={"Retry-After": "3"}, times=1),
        Fault("/repos/create", lost=True, times=1),
    ],
    ids=lambda fault: f"{fault.where} {fault.status or ('cut' if fault.cut else 'lost')}",
)
def test_a_passing_fault_is_outlived(
    fault: Fault, hub: Hub, release: Path, tmp_path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = without_waiting(monkeypatch)
    hub.faults = [Fault(**vars(fault))]
    error = watched.publish(release)
    if fault.lost:
        # It was made, which the next run sees.
        assert isinstance(error, OutsideError)
        error = watched.publish(release)
    assert error is None
    assert whole_or_nothing(hub, release, tmp_path)
    assert (len(hub.repo.commits), hub.repo.tags) == (2, {"0.1.0": hub.repo.head})
    if fault.status == 429:
        assert max(pauses) >= float(fault.headers["Retry-After"])
    watched.assert_no_token()


@pytest.mark.parametrize("where", ["/commit/", "/tag/"])
def test_a_lost_answer_is_found_again_and_nothing_is_made_twice(
    where: str, hub: Hub, release: Path, tmp_path: Path, watched: Watched
) -> None:
    hub.faults = [Fault(where, lost=True, times=1)]
    assert watched.publish(release) is None
    assert whole_or_nothing(hub, release, tmp_path)
    assert (len(hub.repo.commits), hub.repo.tags) == (2, {"0.1.0": hub.repo.head})
    watched.assert_no_token()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("fault", [Fault("/tag/", status=503), Fault("/tag/", status=403), Fault("/tag/", cut=True)])
def test_a_release_without_its_tag_is_finished_by_the_next_run(
    fault: Fault, signed: bool, hub: Hub, release: Path, tmp_path: Path, watched: Watched
) -> None:
    key = {"key": make_keys(tmp_path, "ours").private} if signed else {}
    hub.faults = [Fault(**vars(fault))]
    assert watched.publish(release, **key) is not None
    assert hub.repo.tags == {}, "no version is published"
    hub.faults = []
    assert watched.publish(release, **key) is None
    assert hub.repo.tags == {"0.1.0": hub.repo.head}
    assert len(hub.repo.commits) == 2, "the files are not sent twice"
    watched.assert_no_token()


def test_a_long_pause_is_not_waited_for(
    hub: Hub, release: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = without_waiting(monkeypatch)
    for where in ("/preupload/", "/commit/"):
        hub.faults = [Fault(where, status=429, headers={"Retry-After": "86400"})]
        error = watched.publish(release)
        assert isinstance(error, OutsideError)
        assert "asks for a pause of 86400 seconds" in str(error)
    assert sum(pauses) < 60


@pytest.mark.parametrize("where", ["GET /api/models/", "/commit/", UPLOAD])
def test_a_hub_that_does_not_answer_is_given_up(
    where: str, hub: Hub, release: Path, tmp_path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    monkeypatch.setenv("ZOO_HUB_TIMEOUT", "0.3")
    hub.faults = [Fault(where, slow=30)]
    started = time.monotonic()
    error = watched.publish(release)
    assert isinstance(error, OutsideError)
    assert "Timeout" in str(error)
    assert time.monotonic() - started < 15
    assert not whole_or_nothing(hub, release, tmp_path)
    watched.assert_no_token()


def test_a_slow_hub_is_waited_for(hub: Hub, release: Path, tmp_path: Path, watched: Watched) -> None:
    hub.faults = [Fault(where, slow=0.3, times=1) for where in ("/preupload/", UPLOAD, "/commit/", "/tag/")]
    assert watched.publish(release) is None
    assert whole_or_nothing(hub, release, tmp_path)


def test_a_timeout_that_is_no_number_of_seconds_is_told(
    hub: Hub, release: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_HUB_TIMEOUT", "soon")
    error = watched.publish(release)
    assert isinstance(error, InputError)
    assert "ZOO_HUB_TIMEOUT=soon is not a number of seconds" in str(error)


def test_a_hub_that_cannot_be_reached_is_an_outside_error(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: Watched
) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        use_hub(endpoint, monkeypatch=monkeypatch, home=tmp_path)
        error = watched.publish(release)
    assert isinstance(error, OutsideError)
    assert "could not be reached" in str(error)
    watched.assert_no_token()


def test_not_even_a_traceback_holds_the_token(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_release(tmp_path / "build/face_detector")
    for where, status, code in (("GET /api/models/", 401, 2), ("/commit/", 500, 3), ("/commit/", 412, 1)):
        hub.faults = [Fault(where, status=status)]
        for option in ("--debug", "--json"):
            assert run(["publish", "face_detector", "--to", TO, option]) == code
            told = capfd.readouterr()
            assert ("Traceback" in told.err) == (option == "--debug")
            assert TOKEN not in told.out + told.err


def test_what_lies_about_what_it_holds_is_not_tagged(hub: Hub, release: Path, watched: Watched) -> None:
    hub.mangle = lambda call, answer: (
        (answer[0], answer[1], answer[2].replace(b'"CHANGELOG.md"', b'"CHANGES.md"'))
        if "/revision/" in call
        else answer
    )
    error = watched.publish(release)
    assert isinstance(error, OutsideError)
    assert "does not hold what was sent, so it was not tagged" in str(error)
    assert hub.repo.tags == {}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/html"}, b"<html>Log in to the network</html>"),
        ({"Content-Type": "application/json"}, b"[]"),
        ({"Content-Type": "application/json"}, b'{"id": 1}'),
        ({"Content-Type": "application/json"}, b'{"padding": "' + b"x" * (17 << 20) + b'"}'),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8b"),
    ],
    ids=["page", "list", "fields", "endless", "compressed"],
)
def test_what_is_no_hub_is_told(
    headers: dict[str, str], body: bytes, hub: Hub, release: Path, watched: Watched
) -> None:
    hub.mangle = lambda call, answer: (200, headers, body) if call.startswith("GET /api/models/") else answer
    error = watched.publish(release)
    assert isinstance(error, OutsideError | InputError)
    assert hub.changes() == [] or hub.repo.tags == {}
    watched.assert_no_token()


@pytest.mark.parametrize("error", [KeyError("sha"), TypeError("no"), AttributeError("x"), ValueError("y")])
def test_a_fault_of_our_own_is_not_the_hubs(
    error: Exception, hub: Hub, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("zoo.release._hub_look._with_tags", broken)
    with pytest.raises(type(error)):
        publish_to(release, TO)


def test_what_the_client_meets_in_an_answer_is_the_hubs(hub: Hub, release: Path, watched: Watched) -> None:
    """A list of files without names: the client itself raises KeyError over it."""
    hub.mangle = lambda call, answer: (
        (200, {"Content-Type": "application/json"}, b'{"id": "org/face_detector", "siblings": [{"size": 1}]}')
        if call.startswith("GET /api/models/")
        else answer
    )
    error = watched.publish(release)
    assert isinstance(error, OutsideError)
    assert "is not the hub" in str(error)
