"""What the page says of a folder that is not as it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo.conftest import served
from tests.demo.driving import Browser, browsing


@pytest.fixture(scope="module")
def browser(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser")) as browser:
        browser.open("about:blank")
        yield browser


def said_of(browser: Browser, folder: Path) -> str:
    """The sentence that stands on the page, once there is one; nothing can be chosen then."""
    with served(folder) as address:
        browser.evaluate(f"location.assign({address!r})")
        browser.until(f"location.href === {address!r} && document.getElementById('problem')?.textContent")
        assert browser.evaluate("document.getElementById('choose').disabled")
        assert browser.evaluate("document.getElementById('waiting').hidden")
        return browser.text("problem")


def test_a_model_of_another_task(browser: Browser, spoiled: Callable[[], Path], hand_model: Path) -> None:
    folder = spoiled()
    (folder / "models" / "sparse.tflite").unlink()
    (folder / "models" / "sparse.tflite").write_bytes(hand_model.read_bytes())
    said = said_of(browser, folder)
    assert said.startswith("The sparse model (models/sparse.tflite) does not load in MediaPipe’s FaceDetector: ")
    assert said.endswith(". Make the page again with a file of this task.")
    assert "\n" not in said


@pytest.mark.slow
def test_a_model_that_was_cut_off(browser: Browser, spoiled: Callable[[], Path]) -> None:
    folder = spoiled()
    whole = (folder / "models" / "dense.tflite").read_bytes()
    (folder / "models" / "dense.tflite").unlink()
    (folder / "models" / "dense.tflite").write_bytes(whole[:5000])
    assert said_of(browser, folder).startswith("The dense model (models/dense.tflite) does not load in MediaPipe’s")


def test_a_file_that_is_missing(browser: Browser, spoiled: Callable[[], Path]) -> None:
    folder = spoiled()
    (folder / "models" / "dense.tflite").unlink()
    said = said_of(browser, folder)
    assert said == "models/dense.tflite is missing on the file server (404). Make the page again."


def test_a_runtime_that_is_missing(browser: Browser, spoiled: Callable[[], Path]) -> None:
    folder = spoiled()
    (folder / "runtime" / "vision_bundle.js").unlink()
    assert said_of(browser, folder).startswith("MediaPipe’s web runtime does not load (")


def test_a_page_that_was_opened_as_a_file_says_what_to_do(browser: Browser, page: Path) -> None:
    browser.ask("go", (page / "index.html").as_uri())
    browser.until("document.getElementById('waiting')")
    said = browser.text("waiting")
    assert "If this stays, the page was not opened through a file server" in said
    assert "zoo demo face_detector --serve" in said
    assert browser.evaluate("document.getElementById('choose').disabled")
