"""`pull` brings a release whole and checked, or nothing; the hub's answers are not trusted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from tests.release._hub_server import NAME, TOKEN, Fault, Hub, running_hub, use_hub, without_waiting
from tests.release._hub_state import Repo, Stored
from tests.release._keys import KeyPair, make_keys
from tests.release._releases import contents, make_release, publish_to
from zoo.errors import InputError, OutsideError, RefusedError, ZooError
from zoo.progress import SilentProgress
from zoo.release import Verified, release_at, verify_release
from zoo.release import pull as pull_release
from zoo.release._manifest import load_manifest
from zoo.release._records import read_release_records
from zoo.release._sign import public_half, read_public_key

TO = f"hf:{NAME}"
MODEL = "face_detector_sparse.tflite"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_keys(tmp_path_factory.mktemp("keys"), "ours")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two versions of one model."""
    place = tmp_path_factory.mktemp("releases")
    return make_release(place / "first"), make_release(place / "second", version="0.2.0")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, releases: tuple[Path, Path], keys: KeyPair) -> dict[str, Repo]:
    """What a hub holds after both versions were published to it, signed."""
    with running_hub() as running, pytest.MonkeyPatch.context() as patch:
        use_hub(running.endpoint, monkeypatch=patch, home=tmp_path_factory.mktemp("home"))
        for release in releases:
            publish_to(release, TO, key=keys.private)
        return running.state.repos


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, published: dict[str, Repo]) -> Iterator[Hub]:
    """A hub that holds two versions, signed."""
    with running_hub() as running:
        use_hub(running.endpoint, monkeypatch=monkeypatch, home=tmp_path)
        running.state.repos = deepcopy(published)
        yield running


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def pull(source: str, *, to: Path | None = None, key: Path | None = None) -> Verified:
    return pull_release(source, to=to, key=key, progress=SilentProgress())


def refused(source: str, here: Path, *, key: Path | None = None, to: Path | None = None) -> ZooError:
    """The error of a pull, which leaves nothing behind."""
    before = contents(here)
    with pytest.raises(ZooError) as caught:
        pull(source, key=key, to=to)
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert contents(here) == before
    assert not list(here.glob(".partial-*"))
    return caught.value


def on_main(hub: Hub, change: Callable[[dict[str, Stored]], object]) -> None:
    """Change what the newest tag's commit holds, as a hostile hub could."""
    change(hub.repo.commits[-1][1])


@pytest.mark.parametrize(("source", "version"), [(TO, "0.2.0"), (f"{TO}@0.1.0", "0.1.0")])
def test_a_version_or_the_newest_comes_from_the_hub(
    source: str, version: str, hub: Hub, here: Path, keys: KeyPair
) -> None:
    pulled = pull(source, key=keys.public)
    assert pulled.folder == here / f"face_detector-{version}"
    assert verify_release(pulled.folder, key=keys.public).version == version
    assert ".gitattributes" not in contents(pulled.folder)
    assert all(call.startswith("GET") for call in hub.calls)
    assert hub.tokens_elsewhere == {None}, "the token goes to the hub alone"


def test_a_public_release_needs_no_token(hub: Hub, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert pull(TO).version == "0.2.0"
    hub.repo.private = True
    assert "'hf auth login' if it is private" in str(refused(TO, here))


@pytest.mark.parametrize("source", ["dir:{}/face_detector", "{}/face_detector/0.2.0", "dir:{}/face_detector/0.1.0"])
def test_a_release_comes_from_a_folder(
    source: str, releases: tuple[Path, Path], tmp_path: Path, here: Path, keys: KeyPair
) -> None:
    registry = tmp_path / "registry"
    for release in releases:
        publish_to(release, f"dir:{registry}", key=keys.private)
    version = "0.1.0" if source.endswith("0.1.0") else "0.2.0"
    pulled = pull(source.format(registry), to=here / "mine", key=keys.public)
    assert pulled.folder == here / "mine"
    assert contents(pulled.folder) == contents(registry / "face_detector" / version)


def test_nothing_is_overwritten(hub: Hub, here: Path) -> None:
    pull(TO, to=here / "mine")
    assert "is there already" in str(refused(f"{TO}@0.1.0", here, to=here / "mine"))
    (here / "face_detector-0.2.0").mkdir()
    assert "is there already" in str(refused(TO, here))
    assert "is no folder" in str(refused(TO, here, to=here / "nowhere/deep"))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("hf:org", "write hf:ORG/NAME"),
        (f"{TO}@main", "'main' is no version"),
        (f"{TO}@../../etc", "is no version"),
        (f"{TO}@0.9.0", f"hf:{NAME} has no version 0.9.0; it has 0.1.0, 0.2.0."),
        ("hf:org/nothing", "has no release, or is not for you"),
        ("dir:", "names no release"),
        ("dir:nowhere", "There is no folder nowhere"),
        (".", "holds no manifest.json and no versions"),
    ],
)
def test_what_names_no_release_is_told(source: str, sentence: str, hub: Hub, here: Path) -> None:
    error = refused(source, here)
    assert isinstance(error, InputError)
    assert sentence in str(error)


@pytest.mark.parametrize("source", [TO, "dir:{}/face_detector", "{}/face_detector/0.2.0"])
def test_what_is_there_and_whole_is_not_fetched_again(
    source: str, releases: tuple[Path, Path], hub: Hub, here: Path, tmp_path: Path, keys: KeyPair
) -> None:
    for release in releases:
        publish_to(release, f"dir:{tmp_path / 'registry'}", key=keys.private)
    source = source.format(tmp_path / "registry")
    assert pull(source).fetched
    hub.calls.clear()
    again = pull(source, key=keys.public)
    assert (again.fetched, again.folder, again.key is None) == (False, here / "face_detector-0.2.0", False)
    assert not any(MODEL in call or "/cdn/" in call for call in hub.calls)


def test_what_is_there_and_damaged_is_told(hub: Hub, here: Path, keys: KeyPair, tmp_path: Path) -> None:
    folder = pull(TO).folder
    other = make_keys(tmp_path, "other")
    assert "not as it was published" in str(refused(TO, here, key=other.public))
    (folder / "README.md").write_text("other")
    error = refused(TO, here)
    assert isinstance(error, InputError)
    assert "README.md is not the file that the manifest lists" in str(error)
    assert "remove it" in str(error)


def test_versions_that_a_folder_has_are_listed(
    releases: tuple[Path, Path], here: Path, tmp_path: Path, keys: KeyPair
) -> None:
    for release in releases:
        publish_to(release, f"dir:{tmp_path / 'registry'}")
    error = refused(f"dir:{tmp_path}/registry/face_detector/9.9.9", here)
    assert isinstance(error, InputError)
    assert "There is no 9.9.9 in" in str(error)
    assert "it has 0.1.0, 0.2.0." in str(error)


@pytest.mark.parametrize("address", ["dir:{}/{}", "{}/{}", "dir:{}/{}/{}", "{}/{}/{}"])
@pytest.mark.parametrize(("model", "version"), [("face_detector", "0.9.0"), ("hand_landmark", "0.1.0")])
def test_a_release_that_was_renamed_is_refused_wherever_it_is_read(
    address: str, model: str, version: str, releases: tuple[Path, Path], here: Path, tmp_path: Path, keys: KeyPair
) -> None:
    """An old release in the place of a newer, or of another model's, with its sound signature."""
    registry = tmp_path / "registry"
    publish_to(releases[0], f"dir:{registry}", key=keys.private)
    (registry / "face_detector").rename(registry / model)
    (registry / model / "0.1.0").rename(registry / model / version)
    source = address.format(registry, model, version)
    error = refused(source, here, key=keys.public)
    assert isinstance(error, RefusedError)
    assert f"holds face_detector 0.1.0, not {model} {version} as its place says" in str(error)
    with pytest.raises(RefusedError, match="as its place says"), release_at(source, progress=SilentProgress()):
        pass


def test_a_renamed_release_is_not_published_after(releases: tuple[Path, Path], tmp_path: Path) -> None:
    publish_to(releases[0], f"dir:{tmp_path}")
    (tmp_path / "face_detector/0.1.0").rename(tmp_path / "face_detector/0.1.5")
    with pytest.raises(RefusedError, match="as its place says"):
        publish_to(releases[1], f"dir:{tmp_path}")


def test_a_pulled_release_may_lie_under_any_name(hub: Hub, here: Path) -> None:
    (here / "mine").mkdir()
    folder = pull(TO, to=here / "mine" / "0.2.0").folder
    with release_at(str(folder), progress=SilentProgress()) as same:
        assert verify_release(same).version == "0.2.0"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_key_that_is_a_pipe_is_not_waited_for(releases: tuple[Path, Path], here: Path) -> None:
    os.mkfifo(here / "key.pem")
    for reading in (read_public_key, public_half):
        with pytest.raises(InputError, match="no regular file"):
            reading(here / "key.pem")
    with pytest.raises(InputError, match="no regular file"):
        pull(f"dir:{releases[0]}", key=here / "key.pem")
    for name in load_manifest(releases[0] / "manifest.json").records:
        os.mkfifo(here / f"{name}.json")
    with pytest.raises(RefusedError, match="no regular file"):
        read_release_records(here, load_manifest(releases[0] / "manifest.json"), advice="mend it", whole=True)


def swap_model(files: dict[str, Stored]) -> None:
    files[MODEL] = Stored(b"other", lfs=True)


def manifest_with(**changes: object) -> Callable[[dict[str, Stored]], None]:
    def change(files: dict[str, Stored]) -> None:
        document = json.loads(files["manifest.json"].content) | changes
        files["manifest.json"] = Stored(json.dumps(document).encode(), lfs=False)

    return change


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        (swap_model, RefusedError, f"{MODEL} of hf:{NAME} 0.2.0 is not what its manifest lists"),
        (lambda files: files.pop(MODEL), RefusedError, f"{MODEL} is in the manifest of hf:{NAME} 0.2.0 but not there"),
        (
            lambda files: files.update({"x.py": Stored(b"", lfs=False)}),
            RefusedError,
            "x.py is in .* but not in its manif",
        ),
        (lambda files: files.pop("manifest.json"), InputError, "holds no manifest.json"),
        (manifest_with(version="0.1.0"), InputError, "model and version differ from the spec's"),
        (
            manifest_with(files=[{"path": "../../evil", "bytes": 1, "sha256": "0" * 64}]),
            InputError,
            "field 'files.0.path'",
        ),
        (
            manifest_with(files=[{"path": f"f{n}", "bytes": 1 << 30, "sha256": "0" * 64} for n in range(5)]),
            InputError,
            "more than 4294967296 bytes together",
        ),
        (
            lambda files: files.update({MODEL: Stored(b"m" * 100_000, lfs=True)}),
            RefusedError,
            f"{MODEL} of hf:{NAME} is larger than its 5005 bytes",
        ),
        (
            lambda files: files.update({"manifest.json": Stored(b" " * (5 << 20), lfs=False)}),
            RefusedError,
            "manifest.json of .* is larger than its 4194304 bytes",
        ),
    ],
)
def test_a_hub_that_lies_is_caught(
    change: Callable[[dict[str, Stored]], object], kind: type[ZooError], sentence: str, hub: Hub, here: Path
) -> None:
    on_main(hub, change)
    error = refused(TO, here)
    assert isinstance(error, kind)
    assert re.search(sentence, str(error))


def test_another_release_than_the_tag_says_is_refused(hub: Hub, here: Path) -> None:
    hub.repo.tags["0.3.0"] = hub.repo.tags["0.1.0"]
    assert "0.3.0 holds version 0.1.0" in str(refused(TO, here))


def test_a_release_signed_by_another_is_refused(hub: Hub, here: Path, tmp_path: Path, keys: KeyPair) -> None:
    other = make_keys(tmp_path, "other")
    assert "was signed with another key" in str(refused(TO, here, key=other.public))
    on_main(hub, lambda files: files.pop("model.sig"))
    assert "is not signed" in str(refused(TO, here, key=keys.public))
    assert not pull(TO).signed


def test_an_endless_file_is_given_up(hub: Hub, here: Path) -> None:
    hub.mangle = lambda call, answer: (answer[0], answer[1], b"x" * (8 << 20)) if "/cdn/" in call else answer
    assert "is larger than its 5005 bytes" in str(refused(TO, here))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("/resolve/", status=403), InputError),
        (Fault("/resolve/", status=500), OutsideError),
        (Fault("/cdn/", cut=True), OutsideError),
        (Fault("/cdn/", status=404), InputError),
        (Fault("/refs", status=500), OutsideError),
        (Fault("/resolve/", status=429, headers={"Retry-After": "9999"}), OutsideError),
        (Fault("/resolve/", slow=20), OutsideError),
        (Fault("/cdn/", trickle=0.02), OutsideError),
        (Fault("/revision/", trickle=0.02), OutsideError),
        (Fault("/revision/", trickle_head=0.02), OutsideError),
        (Fault("/cdn/", trickle_head=0.02), OutsideError),
    ],
    ids=lambda value: str(getattr(value, "where", "")),
)
def test_what_goes_wrong_on_the_way_leaves_nothing(
    fault: Fault, kind: type[ZooError], hub: Hub, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    monkeypatch.setenv("ZOO_HUB_TIMEOUT", "0.2")
    hub.faults = [replace(fault)]
    started = time.monotonic()
    error = refused(TO, here)
    assert isinstance(error, kind)
    assert ("too slowly" in str(error)) == bool(fault.trickle or fault.trickle_head)
    # Ten time-outs for an answer, whatever its file's size; the machine may be busy.
    assert time.monotonic() - started < 20
    hub.faults = []
    monkeypatch.delenv("ZOO_HUB_TIMEOUT")
    assert pull(TO).version == "0.2.0"


PULL = """
import sys
from pathlib import Path
from zoo.progress import SilentProgress
from zoo.release import pull
print("ready", flush=True)
pull(sys.argv[1], to=Path(sys.argv[2]), key=None, progress=SilentProgress())
"""


def test_killed_in_the_middle_there_is_no_release(hub: Hub, here: Path) -> None:
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(here / "home"), "HF_TOKEN": TOKEN}
    hub.faults = [Fault("/cdn/", slow=60)]
    command = [sys.executable, "-c", PULL, TO, str(here / "mine")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | settings)
    deadline = time.monotonic() + 60
    while not any("/cdn/" in call for call in hub.calls) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert not (here / "mine").exists()
    hub.faults = []
    assert pull(TO, to=here / "mine").folder == here / "mine"
