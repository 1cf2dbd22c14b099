"""The built-in catalogue: releases that ship with the package, by name and without any network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import zoo
from tests.release._releases import make_release, publish_to
from zoo.cli._main import run
from zoo.errors import InputError, RefusedError
from zoo.pipeline import catalogue
from zoo.records import BenchRecord
from zoo.release import RECORDS_FOLDER, read_release_records, shipped, shipped_releases, verify_release

SHIPPED = [one.manifest.model for one in shipped_releases()]
ROOT = Path(zoo.__file__).resolve().parent.parent


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder of models, which comes before the package's own, with a copy of the face detector."""
    shutil.copytree(ROOT / "models" / "face_detector", tmp_path / "models" / "face_detector")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models" / "face_detector"


def test_there_is_a_model_to_be_had() -> None:
    assert "face_detector" in SHIPPED
    assert zoo.list_models() == [f"{name}@{shipped(name).manifest.version}" for name in SHIPPED]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_release_is_whole_fit_and_small(name: str) -> None:
    release = shipped(name)
    verified = verify_release(release.folder)
    assert verified.manifest.model_spec().name == name
    assert not verified.manifest.sample_data
    assert all(gate.verdict != "failed" for gate in verified.manifest.gates)
    assert verified.total_bytes < 5_000_000
    assert zoo.load(name).stat().st_size == release.sparse_bytes


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_release_names_no_place_of_the_machine_that_made_it(name: str) -> None:
    for path in shipped(name).folder.rglob("*"):
        if path.suffix in {".json", ".md", ".html", ".svg"}:
            assert not re.search(r"(?<![\w.:/-])/(root|home|work|tmp|Users)/", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("name", SHIPPED)
def test_figures_of_a_release_in_the_readme_are_those_of_its_records(name: str) -> None:
    release = shipped(name)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = next(line for line in readme.splitlines() if line.startswith(f"| `{name}` {release.manifest.version} "))
    records = read_release_records(release.folder / RECORDS_FOLDER, release.manifest, advice="", whole=True)
    bench = records["bench"]
    assert isinstance(bench, BenchRecord)
    sizes = {size.name: size.file.bytes for size in bench.sizes}
    wasm = next(target for target in bench.targets if target.target == "wasm")
    figures = {f"{release.sparse_bytes:,}"}
    for peer in set(sizes) - {"dense", "sparse"}:
        ratio = next(each for each in wasm.ratios if (each.numerator, each.denominator) == ("sparse", peer))
        assert ratio.interval is not None
        figures |= {
            f"{sizes[peer]:,}",
            f"{ratio.ratio:.3f} ({ratio.interval.low:.3f} to {ratio.interval.high:.3f})",
        }
    entry = next(each for each in catalogue(Path("build")) if each.name == name)
    assert entry.released is not None
    assert entry.released.row is not None
    assert entry.released.row.quality is not None
    figures.add(f"{entry.released.row.quality.value:.3f}")
    assert [figure for figure in sorted(figures) if figure not in row] == []


def test_a_released_model_is_pulled_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    version = shipped("face_detector").manifest.version
    assert run(["pull", "face_detector"]) == 0
    folder = tmp_path / f"face_detector-{version}"
    assert (folder / "face_detector_sparse.tflite").read_bytes() == zoo.load("face_detector").read_bytes()
    assert run(["verify-release", f"face_detector@{version}"]) == 0


def test_list_tells_what_is_released(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    assert run(["list"]) == 0
    shown = capsys.readouterr().out
    assert f"{shipped('face_detector').sparse_bytes:,} bytes" in shown
    assert "zoo pull" in shown


@pytest.mark.parametrize(
    ("named", "answer"),
    [
        ("face_detector@9.9.9", r"no version '9.9.9' of face_detector; it has 1\.0\.0"),
        ("mobilenet_v2", "no release of mobilenet_v2 yet; released are .*face_detector"),
        ("face_detectr@1.0.0", "no model 'face_detectr'; is it 'face_detector'"),
        ("../face_detector", "no model"),
    ],
)
def test_what_is_not_released_is_said_with_what_is(named: str, answer: str) -> None:
    with pytest.raises(InputError, match=answer):
        zoo.load(named)


def test_an_altered_file_is_not_loaded(own_models: Path) -> None:
    path = zoo.load("face_detector")
    assert path.is_relative_to(own_models)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(RefusedError, match="is not the file that the manifest lists"):
        zoo.load("face_detector")


def test_a_release_that_was_renamed_to_a_newer_version_is_refused(own_models: Path) -> None:
    releases = own_models / "releases"
    (releases / "1.0.0").rename(releases / "7.0.0")
    with pytest.raises(RefusedError, match=r"holds face_detector 1\.0\.0, not face_detector 7\.0\.0"):
        zoo.load("face_detector")


def test_publishing_to_a_catalogue_puts_the_release_beside_the_spec(own_models: Path, tmp_path: Path) -> None:
    shutil.rmtree(own_models / "releases")
    release = make_release(tmp_path / "build")
    published = publish_to(release, f"catalogue:{own_models.parent}")
    assert published.location == str(own_models / "releases" / "0.1.0")
    assert zoo.load("face_detector@0.1.0").read_bytes() == (release / "face_detector_sparse.tflite").read_bytes()
    with pytest.raises(RefusedError, match="is published already"):
        publish_to(release, f"catalogue:{own_models.parent}")


def test_a_catalogue_is_a_folder_of_models(tmp_path: Path) -> None:
    release = make_release(tmp_path / "build")
    with pytest.raises(InputError, match="names a folder of models"):
        publish_to(release, f"catalogue:{tmp_path / 'elsewhere'}")
    assert not (tmp_path / "elsewhere").exists()
