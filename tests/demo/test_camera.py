"""The camera in a real headless Chromium, which has a film of a moving pattern in the place of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.conftest import served
from tests.demo.driving import Browser, browsing, drawn


@pytest.fixture(scope="module")
def browser(page: Path, chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    with served(page) as address, browsing(folder, "--use-fake-device-for-media-stream") as browser:
        browser.open(address)
        browser.until("document.getElementById('dense_found').textContent.startsWith('1 face')")
        yield browser


def press_camera(browser: Browser, key: str) -> None:
    browser.evaluate("document.getElementById('camera').focus()")
    browser.keys(key)


def test_a_camera_that_was_refused_is_said_in_a_sentence(browser: Browser) -> None:
    browser.ask("permit", {"name": "camera", "setting": "denied"})
    press_camera(browser, "Enter")
    browser.until(
        "document.getElementById('problem').textContent.startsWith('The camera was refused. Choose a picture')"
    )
    assert browser.text("dense_found").startswith("1 face")


def test_a_camera_runs_until_it_is_stopped_by_keyboard(browser: Browser) -> None:
    browser.ask("permit", {"name": "camera", "setting": "granted"})
    press_camera(browser, "Space")
    browser.until("/n = ([3-9]|\\d\\d)/.test(document.getElementById('about').textContent)")
    assert browser.text("problem") == ""
    assert browser.text("place") == "Camera"
    assert browser.text("dense_found").startswith("0 faces")
    assert browser.text("said").startswith("Camera: dense found 0 faces in ")
    for side in ("dense", "sparse"):
        colours, marked = browser.evaluate(drawn(side))
        assert colours > 20
        assert marked == 0
    assert browser.evaluate("[...document.querySelectorAll('button:disabled')].map((one) => one.id)") == [
        "previous",
        "next",
        "time",
    ]

    press_camera(browser, "Enter")
    browser.until("document.getElementById('camera').textContent === 'Camera'")
    after = browser.text("about")
    browser.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")
    assert browser.text("about") == after

    # Pictures go on as before.
    browser.evaluate("document.getElementById('previous').click()")
    browser.evaluate("document.getElementById('next').click()")
    browser.until("document.getElementById('dense_found').textContent.startsWith('1 face')")


def test_a_picture_takes_the_camera_s_place(browser: Browser, officer: Path) -> None:
    press_camera(browser, "Enter")
    browser.until("document.getElementById('place').textContent === 'Camera'")
    browser.evaluate("document.getElementById('choose').focus()")
    browser.keys("Enter")
    browser.choose([officer])
    browser.until("document.getElementById('place').textContent === '1 of 1: grace_hopper.jpg'")
    browser.until("document.getElementById('dense_found').textContent.startsWith('1 face')")
    assert browser.text("camera") == "Camera"
