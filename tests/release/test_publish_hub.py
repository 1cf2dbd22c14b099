"""`hf:ORG/NAME` sends one commit and then a tag; the real client talks to a server on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.release._hub_server import NAME, TOKEN, Fault, Hub, running_hub, use_hub
from tests.release._hub_state import Stored
from tests.release._keys import make_keys
from tests.release._releases import make_release, publish_to, with_bytes, with_latency
from zoo.errors import InputError, RefusedError
from zoo.release import read_manifest, verify_release
from zoo.spec import content_sha256

TO = f"hf:{NAME}"
PUBLISH = """
import json, sys
from pathlib import Path
from zoo.progress import SilentProgress
from zoo.release import publish
release = Path(sys.argv[1])
published = publish(release, sys.argv[2], records=release.parent / "records", progress=SilentProgress())
print(json.dumps({"location": published.location}))
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return make_release(tmp_path / "build")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A running server that this process's client takes for the hub, and a token for it."""
    with running_hub() as running:
        use_hub(running.endpoint, monkeypatch=monkeypatch, home=tmp_path)
        yield running


def as_folder(hub: Hub, folder: Path) -> Path:
    """What the hub holds, as a folder."""
    for name, content in hub.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_all_files_go_in_one_commit_and_the_tag_comes_last(release: Path, hub: Hub, tmp_path: Path) -> None:
    published = publish_to(release, TO)
    assert {one.path: one.bytes for one in published.files} == {name: len(data) for name, data in hub.files.items()}
    assert verify_release(as_folder(hub, tmp_path / "there")).version == "0.1.0"
    assert hub.repo.tags == {"0.1.0": hub.repo.head}
    assert len(hub.repo.commits) == 2, "the hub's own first commit, and ours"
    assert published.location == f"{hub.endpoint}/{NAME}/tree/0.1.0"
    kinds = [call.split("/")[-2] for call in hub.changes()]
    assert kinds == ["repos", "upload", "commit", "tag"]
    assert hub.tokens == {f"Bearer {TOKEN}"}
    assert hub.tokens_elsewhere == {None}
    assert not any(TOKEN.encode() in content for content in hub.files.values())


def test_a_large_model_goes_in_parts(hub: Hub, tmp_path: Path) -> None:
    release = make_release(tmp_path / "large", payload=os.urandom(100_000))
    publish_to(release, TO)
    puts = [call for call in hub.calls if call.startswith("PUT")]
    assert len(puts) == 5
    assert hub.files["face_detector_sparse.tflite"] == (release / "face_detector_sparse.tflite").read_bytes()


def test_endpoint_and_token_come_from_the_environment(release: Path, tmp_path: Path) -> None:
    with running_hub() as hub:
        settings = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": TOKEN}
        done = subprocess.run(
            [sys.executable, "-c", PUBLISH, str(release), TO],
            env={key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))} | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert json.loads(done.stdout)["location"] == f"{hub.endpoint}/{NAME}/tree/0.1.0"
        assert hub.repo.tags
    assert done.stderr == ""
    assert TOKEN not in done.stdout


@pytest.mark.parametrize(
    ("where", "done"),
    [
        ("PUT /upload/", False),
        ("/commit/", True),
        pytest.param("/commit/", False, marks=pytest.mark.slow),
        pytest.param("/tag/", True, marks=pytest.mark.slow),
    ],
)
def test_killed_on_the_way_nothing_is_half_there_and_the_next_run_finishes(
    where: str, done: bool, release: Path, hub: Hub, tmp_path: Path
) -> None:
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": TOKEN}
    # Either the hub does nothing yet, or it does what was asked and the process does not live to hear of it.
    hub.faults = [Fault(where, slow=60, lost=done)]
    process = subprocess.Popen([sys.executable, "-c", PUBLISH, str(release), TO], env=os.environ | settings)
    deadline = time.monotonic() + 60
    while not any(where in call for call in hub.calls) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    assert process.wait(timeout=60) == -signal.SIGKILL
    time.sleep(0.2)
    assert hub.repo.tags == ({"0.1.0": hub.repo.head} if where == "/tag/" else {})
    assert len(hub.repo.commits) == (2 if done else 1)
    hub.faults = []
    publish_to(release, TO)
    assert (len(hub.repo.commits), hub.repo.tags) == (2, {"0.1.0": hub.repo.head})
    verify_release(as_folder(hub, tmp_path / "there"))


def test_the_next_version_replaces_the_last_in_one_commit(release: Path, hub: Hub, tmp_path: Path) -> None:
    publish_to(release, TO)
    faster = make_release(tmp_path / "next", version="0.2.0", changed={"bench": with_latency(0.8)})
    (faster / "figures/size.svg").rename(faster / "figures/bytes.svg")
    document = json.loads((faster / "manifest.json").read_text().replace("figures/size.svg", "figures/bytes.svg"))
    (faster / "manifest.json").write_text(json.dumps(document))
    published = publish_to(faster, TO)
    assert published.removed == ("figures/size.svg",)
    assert len(hub.repo.commits) == 3
    assert set(hub.repo.tags) == {"0.1.0", "0.2.0"}
    verify_release(as_folder(hub, tmp_path / "there"))
    assert published.changes.since == "0.1.0"
    assert any("time on wasm" in line for line in published.changes.improvements)


def test_a_worse_gate_number_than_the_last_on_the_hub_needs_a_reason(release: Path, hub: Hub, tmp_path: Path) -> None:
    publish_to(release, TO)
    larger = make_release(tmp_path / "next", version="0.2.0", changed={"bench": with_bytes(490_000)})
    with pytest.raises(RefusedError, match=r"Gate 'sparse_bytes' is worse than in 0\.1\.0"):
        publish_to(larger, TO)
    assert len(hub.repo.commits) == 2
    publish_to(larger, TO, overrides={"sparse_bytes": "A head was added."})
    assert b"A head was added." in hub.files["README.md"]


def test_a_tagged_version_is_never_overwritten(release: Path, hub: Hub, tmp_path: Path) -> None:
    publish_to(release, TO)
    before = dict(hub.files)
    with pytest.raises(RefusedError, match="raise the version in the spec"):
        publish_to(make_release(tmp_path / "other", payload=b"other"), TO)
    assert (hub.files, len(hub.repo.commits)) == (before, 2)


@pytest.mark.parametrize("signed", [False, True])
def test_publishing_the_same_again_changes_nothing(release: Path, hub: Hub, tmp_path: Path, signed: bool) -> None:
    keys = make_keys(tmp_path, "ours")
    key = keys.private if signed else None
    publish_to(release, TO, key=key)
    changes = hub.changes()
    publish_to(release, TO, key=key)
    assert hub.changes() == changes
    assert ("model.sig" in hub.files) == signed
    verify_release(as_folder(hub, tmp_path / "there"), key=keys.public if signed else None)


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(release: Path, hub: Hub) -> None:
    planned = publish_to(release, TO, dry_run=True)
    assert hub.changes() == []
    assert all(call.startswith("GET") for call in hub.calls)
    publish_to(release, TO)
    assert {one.path: one.bytes for one in planned.files} == {name: len(data) for name, data in hub.files.items()}


def test_a_dry_run_needs_no_token(release: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert publish_to(release, TO, dry_run=True).dry_run
    hub.state.create(NAME)
    assert publish_to(release, TO, dry_run=True).dry_run


def test_a_repository_is_for_one_model(release: Path, hub: Hub, tmp_path: Path) -> None:
    publish_to(release, TO)
    files = hub.repo.commits[-1][1]
    document = json.loads(files["manifest.json"].content)
    document["model"] = document["spec"]["name"] = "hand_landmark"
    document["spec_sha256"] = content_sha256(document["spec"])
    files["manifest.json"] = Stored(json.dumps(document).encode(), lfs=False)
    with pytest.raises(RefusedError, match="is of hand_landmark, not of face_detector"):
        publish_to(make_release(tmp_path / "next", version="0.2.0"), TO)


def test_private_comes_before_any_file(release: Path, hub: Hub) -> None:
    seen: list[bool] = []
    hub.before = lambda call: seen.append(hub.repo.private) if call.startswith("PUT") or "/commit/" in call else None
    publish_to(release, TO, private=True)
    assert seen == [True, True]


def test_private_is_refused_where_the_repository_is_public(release: Path, hub: Hub) -> None:
    hub.state.create(NAME)
    with pytest.raises(RefusedError, match="is public already"):
        publish_to(release, TO, private=True)
    assert hub.changes() == []


def test_private_has_no_meaning_for_a_folder(release: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--private is for the hub"):
        publish_to(release, f"dir:{tmp_path / 'to'}", private=True)


def test_files_that_no_release_put_there_are_not_lost(release: Path, hub: Hub) -> None:
    hub.state.create(NAME, files={"notes.txt": b"mine"})
    with pytest.raises(RefusedError, match=r"holds notes\.txt, which no release put there"):
        publish_to(release, TO)
    assert hub.files == {"notes.txt": b"mine"}


def test_a_repository_that_changed_meanwhile_is_told(release: Path, hub: Hub) -> None:
    hub.state.create(NAME)

    def push_by_another(call: str) -> None:
        if "/commit/" in call:
            hub.before = None
            hub.repo.commit(dict(hub.repo.commits[-1][1]))

    hub.before = push_by_another
    with pytest.raises(RefusedError, match=r"was changed by someone else meanwhile .*nothing was published"):
        publish_to(release, TO)
    assert (hub.files, hub.repo.tags) == ({}, {})
    publish_to(release, TO)
    assert hub.repo.tags == {"0.1.0": hub.repo.head}


def test_without_a_token_the_next_step_is_told(release: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match="set HF_TOKEN"):
        publish_to(release, TO)
    assert hub.calls == []


@pytest.mark.parametrize("name", ["face_detector", "org/a/b", "org/na me", "org/--x", "../x"])
def test_a_name_that_the_hub_would_not_take_is_told(release: Path, name: str) -> None:
    with pytest.raises(InputError, match="hf:ORG/NAME"):
        publish_to(release, f"hf:{name}", dry_run=True)


def test_the_manifest_there_is_the_one_that_was_judged(release: Path, hub: Hub, tmp_path: Path) -> None:
    publish_to(release, TO)
    manifest = read_manifest(as_folder(hub, tmp_path / "there"))
    assert manifest.gates == read_manifest(release).gates
    assert manifest.data is not None
    assert manifest.versions["mediapipe"] == ["0.10.21"]
