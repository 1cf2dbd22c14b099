"""Pages of hands and persons in a real headless Chromium, where pictures of them are there."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.demo.conftest import QUIET, served
from tests.demo.driving import browsing, drawn
from zoo.demo import Shown, make_side, write_page
from zoo.runtimes import original_file
from zoo.spec import load_spec

PLACES = {
    "hand_landmark": ("hands/mediapipe", "hand"),
    "palm_detector": ("hands/mediapipe", "hand"),
    "pose_landmark": ("persons/usgov", "person"),
    "pose_detector": ("persons/usgov", "person"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_the_published_file_finds_the_same_on_both_sides(
    name: str, chromium: Path, shared_data: Path, tmp_path: Path
) -> None:
    place, one = PLACES[name]
    pictures = sorted((shared_data / place).rglob("*.jpg"))[:6]
    if not pictures:
        pytest.skip(f"{shared_data} holds no {place}")
    spec = load_spec(name).spec
    path = original_file(spec.dropin[0].replaces)
    sides = [make_side(side, "published", path, spec) for side in ("dense", "sparse")]
    shown = [Shown(picture.name, picture) for picture in pictures]
    page = write_page(tmp_path / "page", spec=spec, sides=sides, pictures=shown, progress=QUIET).folder
    found = 0
    with served(page) as address, browsing(tmp_path) as browser:
        browser.open(address)
        for number, picture in enumerate(pictures, start=1):
            browser.until(f"document.getElementById('said').textContent.startsWith({picture.name + ':'!r})")
            dense, sparse = (browser.text(f"{side}_found").partition(",")[0] for side in ("dense", "sparse"))
            assert dense == sparse
            assert one in dense
            found += int(dense.split()[0])
            if not dense.startswith("0"):
                assert min(browser.evaluate(drawn(side))[1] for side in ("dense", "sparse")) > 100
            if number < len(pictures):
                browser.evaluate("document.getElementById('next').click()")
        browser.ask("size", (1100, 900))
        browser.ask("shoot", str(tmp_path / "page.png"))
    assert found > 0


@pytest.mark.slow
def test_any_file_server_will_do_and_any_folder_of_it(page: Path, chromium: Path, tmp_path: Path) -> None:
    """Python's own, without the headers of ours, and the page below its root."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(page.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, browsing(tmp_path) as browser:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.open(f"http://127.0.0.1:{server.server_address[1]}/{page.name}/")
        browser.until("document.getElementById('said').textContent.startsWith('astronaut.png')")
        assert browser.text("dense_found").startswith("1 face")
        assert browser.text("sparse_found").startswith("1 face")
        server.shutdown()
