"""The page in a real headless Chromium, from a file server: what it shows, and how it is used without a mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.conftest import served
from tests.demo.driving import Browser, browsing, drawn

WIDE, NARROW = (1280, 900), (320, 640)


@pytest.fixture(scope="module")
def open_page(page: Path, chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, str]]:
    """One browser for all tests here, with the page ready, and the server's address."""
    with served(page) as address, browsing(tmp_path_factory.mktemp("browser")) as browser:
        browser.open(address)
        browser.ask("size", WIDE)
        yield browser, address


@pytest.fixture
def browser(open_page: tuple[Browser, str]) -> Browser:
    """The page with its first picture, and the focus before the first button."""
    browser, _ = open_page
    browser.until("!document.getElementById('choose').disabled")
    while not browser.text("place").startswith("1 of 2: astronaut.png"):
        browser.evaluate("location.reload()")
        browser.until("document.getElementById('place').textContent.startsWith('1 of 2: astronaut.png')")
    browser.until("document.getElementById('dense_found').textContent.startsWith('1 face')")
    # From where the next Tab key starts.
    browser.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    return browser


def problem_says(browser: Browser, words: str) -> None:
    browser.until(f"document.getElementById('problem').textContent.includes({words!r})")


def test_both_models_find_the_face_and_both_canvases_show_it(browser: Browser) -> None:
    assert browser.text("dense_found").startswith("1 face, ")
    assert browser.text("sparse_found").startswith("1 face, ")
    for side in ("dense", "sparse"):
        colours, marked = browser.evaluate(drawn(side))
        assert colours > 1000
        assert marked > 200
    assert browser.text("place") == "1 of 2: astronaut.png, public domain (NASA)"


def test_marks_lie_on_the_face(browser: Browser) -> None:
    # MediaPipe's graph puts the face of the 512 x 512 picture at 173, 67 with sides of 103.
    for side, colour in (("dense", "255, 180, 84"), ("sparse", "61, 219, 194")):
        left, top, right, bottom = browser.evaluate(f"""(() => {{
          const canvas = document.getElementById("{side}");
          const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
          for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) {{
            const at = 4 * (y * canvas.width + x);
            if (`${{data[at]}}, ${{data[at + 1]}}, ${{data[at + 2]}}` !== "{colour}") continue;
            [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
          }}
          return [left, top, right, bottom];
        }})()""")
        # The label stands above the box.
        assert left == pytest.approx(173, abs=12)
        assert right == pytest.approx(276, abs=12)
        assert bottom == pytest.approx(170, abs=12)
        assert 40 <= top < 67


def test_the_tab_key_goes_through_all_controls_in_order(browser: Browser) -> None:
    seen = []
    for _ in range(7):
        browser.keys("Tab")
        seen.append(browser.focused())
        outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"nothing shows the focus on {seen[-1]}"
    assert seen == ["choose", "folder", "camera", "previous", "next", "time", "SUMMARY"]
    browser.keys("Shift+Tab")
    assert browser.focused() == "time"


def test_enter_and_space_go_through_the_pictures(browser: Browser) -> None:
    browser.evaluate("document.getElementById('next').focus()")
    browser.keys("Enter")
    browser.until("document.getElementById('dense_found').textContent.startsWith('0 faces')")
    assert browser.text("place") == "2 of 2: coffee.png"
    assert browser.text("sparse_found").startswith("0 faces")
    assert browser.focused() == "next"
    browser.keys("Shift+Tab", "Space")
    browser.until("document.getElementById('sparse_found').textContent.startsWith('1 face')")
    assert browser.text("place").startswith("1 of 2")


def test_pictures_are_chosen_by_keyboard(browser: Browser, officer: Path, coffee: Path) -> None:
    browser.keys("Tab", "Enter")
    browser.choose([officer, coffee])
    browser.until("document.getElementById('place').textContent === '1 of 2: grace_hopper.jpg'")
    browser.until("document.getElementById('said').textContent.startsWith('grace_hopper.jpg: dense found 1 face')")
    assert "sparse found 1 face" in browser.text("said")


def test_a_folder_is_chosen_by_keyboard(browser: Browser, officer: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "officer.jpg").write_bytes(officer.read_bytes())
    browser.keys("Tab", "Tab", "Space")
    browser.choose([tmp_path])
    browser.until("document.getElementById('place').textContent === '1 of 1: officer.jpg'")
    browser.until("document.getElementById('dense_found').textContent.startsWith('1 face')")
    assert browser.evaluate("document.getElementById('next').disabled")


def test_a_file_that_is_no_picture_is_said_to_be_none(browser: Browser, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong <b>.png"
    wrong.write_bytes(b"this is no picture")
    browser.keys("Tab", "Enter")
    browser.choose([wrong])
    problem_says(browser, "wrong <b>.png is no picture that this browser can read. Choose a JPEG, PNG or WebP file.")
    assert browser.text("dense_found") == "–"
    assert browser.evaluate(drawn("dense")) == [1, 0]
    assert browser.evaluate("document.getElementById('problem').getAttribute('role')") == "alert"


def test_frames_are_timed_and_counted(browser: Browser) -> None:
    browser.evaluate("document.getElementById('time').focus()")
    browser.keys("Enter")
    browser.until("document.getElementById('about').textContent.includes('n = 30 frames')")
    browser.until("document.getElementById('said').textContent.startsWith('Timed.')")
    about = browser.text("about")
    ratio, low, high = (
        float(number)
        for number in (browser.text("ratio"), *re.findall(r"lie between ([\d.]+) and ([\d.]+)\. ", about)[0])
    )
    dense, sparse = map(float, re.findall(r"dense ([\d.]+)\sms, sparse ([\d.]+)\sms", about)[0])
    assert 0 < low <= ratio <= high
    assert dense > 0
    assert sparse > 0
    assert browser.text("passed") == ""


@pytest.mark.slow
def test_pictures_do_not_flicker_by_where_motion_is_not_wanted(browser: Browser) -> None:
    browser.prefer(prefers_reduced_motion="reduce")
    browser.evaluate("""(() => {
      const draw = CanvasRenderingContext2D.prototype.drawImage;
      globalThis.drawn = 0;
      CanvasRenderingContext2D.prototype.drawImage = function (...given) {
        globalThis.drawn += 1;
        return draw.apply(this, given);
      };
    })()""")
    try:
        browser.evaluate("document.getElementById('time').click()")
        browser.until("document.getElementById('said').textContent.startsWith('Timed.')")
        assert browser.text("about").startswith("sparse over dense, median of n = 30 frames")
        assert browser.evaluate("drawn") == 2
    finally:
        browser.prefer(prefers_reduced_motion="no-preference")
        browser.evaluate("location.reload()")
        browser.until("globalThis.drawn === undefined")


def test_no_camera_is_said_in_a_sentence(browser: Browser) -> None:
    browser.keys("Tab", "Tab", "Tab", "Enter")
    problem_says(browser, "This machine has no camera. Choose a picture instead, or connect one and try again.")
    assert browser.text("camera") == "Camera"
    # What was there is still shown, and goes on.
    assert browser.text("dense_found").startswith("1 face")


def test_nothing_reaches_beyond_a_narrow_screen(browser: Browser) -> None:
    browser.evaluate("document.querySelector('details').open = true")
    try:
        for size in (NARROW, (768, 1024), WIDE):
            browser.ask("size", size)
            widest, width = browser.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert widest <= width
            columns = browser.evaluate(
                "getComputedStyle(document.querySelector('.sides')).gridTemplateColumns.split(' ').length"
            )
            assert columns == (1 if size == NARROW else 2)
            small = browser.evaluate(
                "[...document.querySelectorAll('button')].map((one) => one.getBoundingClientRect().height)"
            )
            assert min(small) >= 44, "a finger misses smaller buttons"
    finally:
        browser.ask("size", WIDE)
        browser.evaluate("document.querySelector('details').open = false")


def test_dark_mode_is_dark_and_readable(browser: Browser) -> None:
    asked = """['html', '.side', 'button', '.about', '#problem'].map((name) => {
      const style = getComputedStyle(document.querySelector(name));
      return [style.color, style.backgroundColor];
    })"""
    light = browser.evaluate(asked)
    browser.prefer(prefers_color_scheme="dark")
    try:
        dark = browser.evaluate(asked)
    finally:
        browser.prefer(prefers_color_scheme="light")
    for colours, paper in ((light, light[1][1]), (dark, dark[1][1])):
        for ink, own in colours:
            behind = paper if own == "rgba(0, 0, 0, 0)" else own
            assert contrast(ink, behind) >= 4.5
    assert luminance(dark[0][1]) < 0.1 < luminance(light[0][1])


def test_a_screen_reader_meets_names_and_numbers(browser: Browser) -> None:
    tree = [(role, name) for role, name in browser.ask("tree")]
    buttons = [name for role, name in tree if role == "button"]
    assert buttons == ["Pictures …", "Folder …", "Camera", "Previous", "Next", "Time 30 frames"]
    images = [name for role, name in tree if role in ("image", "img")]
    assert images == [f"{side}: 1 face on astronaut.png, public domain (NASA)" for side in ("Dense", "Sparse")]
    assert {"status", "alert"} <= {role for role, _ in tree}
    assert ("heading", "Time per frame") in tree
    assert browser.evaluate("document.documentElement.lang") == "en"


def test_nothing_is_asked_of_any_other_machine(open_page: tuple[Browser, str]) -> None:
    browser, address = open_page
    asked = browser.requests()
    assert f"{address}runtime/vision_wasm_internal.wasm" in asked
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    # The page's own policy was never in its way.
    assert [text for text in browser.ask("complaints") if "Content Security Policy" in text] == []


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(...)`, by WCAG 2."""
    channels = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, by WCAG 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
