"""`hf:ORG/NAME` sends one commit and then a tag; the real client talks to a server on loopback."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.release._hub_server import Hub, running_hub
from tests.release._releases import make_release
from zoo.errors import InputError, OutsideError, RefusedError, ZooError
from zoo.progress import SilentProgress
from zoo.release import Published, publish

TOKEN = "hf_" + "secretsecretsecret"
PUBLISH = """
import json, sys
from pathlib import Path
from zoo.progress import SilentProgress
from zoo.release import publish
published = publish(Path(sys.argv[1]), sys.argv[2], allow_sample=False, dry_run=False, progress=SilentProgress())
print(json.dumps({"location": published.location}))
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return make_release(tmp_path / "build")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A running server that this process's client takes for the hub, and a token for it."""
    with running_hub() as running:
        use_endpoint(running.endpoint, monkeypatch=monkeypatch, home=tmp_path / "hf")
        yield running


def use_endpoint(endpoint: str, *, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    # The client reads these from the environment when it is imported, which is too early for a test.
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", endpoint)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(home / "token"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def publish_to(release: Path, to: str, *, dry_run: bool = False) -> Published:
    return publish(release, to, allow_sample=False, dry_run=dry_run, progress=SilentProgress())


def contents(release: Path) -> dict[str, bytes]:
    return {path.relative_to(release).as_posix(): path.read_bytes() for path in release.rglob("*") if path.is_file()}


def is_change(call: str) -> bool:
    return call.startswith("POST") and not any(part in call for part in ("/preupload/", "/validate-yaml"))


def test_all_files_go_in_one_commit_and_the_tag_comes_last(release: Path, hub: Hub) -> None:
    published = publish_to(release, "hf:org/face_detector")
    assert hub.files == contents(release)
    assert hub.tags == ["0.1.0"]
    assert published.location == f"{hub.endpoint}/org/face_detector/tree/0.1.0"
    changes = [call.split("/face_detector/")[-1] for call in hub.calls if is_change(call)]
    assert changes == [
        "POST /api/repos/create",
        "commit/main",
        "tag/" + "b" * 40,
    ]
    assert hub.tokens == {f"Bearer {TOKEN}"}


def test_endpoint_and_token_come_from_the_environment(release: Path, tmp_path: Path) -> None:
    with running_hub() as hub:
        settings = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": TOKEN}
        done = subprocess.run(
            [sys.executable, "-c", PUBLISH, str(release), "hf:org/face_detector"],
            env={key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))} | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert json.loads(done.stdout)["location"] == f"{hub.endpoint}/org/face_detector/tree/0.1.0"
    assert hub.files == contents(release)
    assert TOKEN not in done.stdout + done.stderr


def test_a_tagged_version_is_never_overwritten(release: Path, hub: Hub) -> None:
    hub.tags = ["0.1.0"]
    with pytest.raises(RefusedError, match="raise the version in the spec"):
        publish_to(release, "hf:org/face_detector")
    assert not hub.files


def test_a_dry_run_sends_nothing(release: Path, hub: Hub) -> None:
    published = publish_to(release, "hf:org/face_detector", dry_run=True)
    assert set(published.files) == set(contents(release))
    assert hub.calls == []


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("", 401, InputError),
        ("/commit/main", 403, InputError),
        ("/refs", 404, InputError),
        ("/commit/main", 500, OutsideError),
        ("/tag/" + "b" * 40, 503, OutsideError),
    ],
)
def test_what_the_hub_declines_is_told_in_one_sentence_without_the_token(
    release: Path,
    hub: Hub,
    path: str,
    status: int,
    expected: type[ZooError],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hub.statuses = {path: status}
    with caplog.at_level(logging.INFO), pytest.raises(expected, match=f"status {status}") as caught:
        publish_to(release, "hf:org/face_detector")
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None
    output = capfd.readouterr()
    assert TOKEN not in str(caught.value) + caplog.text + output.out + output.err


def test_a_release_whose_tag_failed_is_finished_by_the_next_run(release: Path, hub: Hub) -> None:
    hub.statuses = {"/tag/" + "b" * 40: 503}
    with pytest.raises(OutsideError):
        publish_to(release, "hf:org/face_detector")
    hub.statuses = {}
    publish_to(release, "hf:org/face_detector")
    assert hub.tags == ["0.1.0"]


def test_a_hub_that_cannot_be_reached_is_an_outside_error(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        use_endpoint(endpoint, monkeypatch=monkeypatch, home=tmp_path)
        with pytest.raises(OutsideError, match="could not be reached"):
            publish_to(release, "hf:org/face_detector")


def test_without_a_token_the_next_step_is_told(release: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match="set HF_TOKEN"):
        publish_to(release, "hf:org/face_detector")
    assert hub.calls == []


@pytest.mark.parametrize("name", ["face_detector", "org/a/b", "org/na me", "org/--x", "../x"])
def test_a_name_that_the_hub_would_not_take_is_told(release: Path, name: str) -> None:
    with pytest.raises(InputError, match="hf:ORG/NAME"):
        publish_to(release, f"hf:{name}", dry_run=True)
