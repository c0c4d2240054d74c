"""The page in a real browser: what one sees, clicks, types and presses, and that no name does anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flows
import hostile
import pytest
from browser import Page, browser, executable
from conftest import skip_or_fail

from triton_kit.cli import run


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Page]:
    program = executable()
    if program is None:
        skip_or_fail("there is no browser (Debian's chromium)")
    with browser(str(program), tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def show(chromium, tmp_path):
    """Draw a repository as a page and open it; it must not complain nor ask for anything beside itself."""

    def open_(repository: Path, *, dark: bool = False) -> Page:
        file = tmp_path / "page.html"
        assert run(["graph", str(repository), "--format", "html", "--output", str(file), "--quiet"]) in (0, 1)
        chromium.open(file, dark=dark)
        return chromium

    yield open_
    assert chromium.requests() == [(tmp_path / "page.html").as_uri()]
    assert chromium.complaints() == []


SCALE = "(s => s.getCTM().a)(document.querySelector('svg:not([hidden]) .view'))"
PLACE = "(s => [s.getCTM().e, s.getCTM().f])(document.querySelector('svg:not([hidden]) .view'))"
TITLE = "document.querySelector('#details h2').textContent"
SHOWN = "document.querySelector('svg:not([hidden])').getAttribute('aria-label')"


def test_everything_is_in_sight_at_first(show, sample):
    page = show(sample)
    inside = """[...document.querySelectorAll('svg:not([hidden]) .node')].every(node => {
        const box = node.getBoundingClientRect(), room = document.querySelector('main').getBoundingClientRect();
        return box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
    })"""
    assert page.eval(inside)
    assert page.eval(SHOWN) == "digits"
    assert page.eval(TITLE) == "digits"


def test_a_click_on_a_step_shows_its_ports_and_its_configuration(show, sample):
    page = show(sample)
    page.click(*page.middle("[data-node=step1]"))
    assert page.eval(TITLE) == "digit_classifier"
    details = page.eval("document.getElementById('details').innerText")
    assert "onnxruntime · version 1 · batches of up to 32" in details
    assert "FP32 [batch, 10]" in details
    config = (sample / "digit_classifier" / "config.pbtxt").read_text()
    lines = page.eval("[...document.querySelectorAll('pre span')].map(line => line.textContent.trimEnd())")
    assert lines == [line.rstrip() for line in config.splitlines()]
    room = page.middle("main")
    page.click(room[0], 30)
    assert page.eval(TITLE) == "digits"


def test_a_click_on_a_broken_step_shows_what_is_wrong_and_on_which_line(show, tmp_path):
    flows.add_broken(tmp_path / "repo")
    config = tmp_path / "repo" / "classify" / "config.pbtxt"
    config.write_text(config.read_text() + "max_batch_sise: 3\n")
    page = show(tmp_path / "repo")
    page.click(*page.middle("[data-node=step1]"))
    findings = page.eval("[...document.querySelectorAll('.finding')].map(one => one.innerText)")
    assert any("max_batch_sise" in one for one in findings)
    assert any("step-model-refused" in one for one in findings)
    assert page.eval("document.querySelector('pre .wrong').textContent") == "max_batch_sise: 3"


def test_the_wheel_zooms_where_the_pointer_is_and_a_drag_moves(show, sample):
    page = show(sample)
    x, y = page.middle("[data-node=step0]")
    before = page.eval(SCALE)
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400)
    assert page.eval(SCALE) > before * 1.3
    assert page.middle("[data-node=step0]") == pytest.approx((x, y), abs=2)
    page.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
    page.mouse("mouseMoved", x + 30, y + 20, button="left", buttons=1)
    page.mouse("mouseMoved", x + 60, y + 40, button="left", buttons=1)
    page.mouse("mouseReleased", x + 60, y + 40, button="left", clickCount=1)
    assert page.middle("[data-node=step0]") == pytest.approx((x + 60, y + 40), abs=2)
    assert page.eval(TITLE) == "digits", "a drag is not a click"
    page.click(*page.middle("#fit"))
    assert page.eval(SCALE) == pytest.approx(before)


def test_the_keyboard_alone_is_enough(show, sample):
    page = show(sample)
    before = page.eval(SCALE)
    page.key("+")
    assert page.eval(SCALE) == pytest.approx(before * 1.25)
    page.key("0")
    assert page.eval(SCALE) == pytest.approx(before)
    page.eval("document.getElementById('canvas').focus()")
    at = page.eval(PLACE)
    page.key("ArrowRight")
    assert page.eval(PLACE) == pytest.approx([at[0] - 60, at[1]])
    for _ in range(2):
        page.key("Tab")
    page.key("Enter")
    assert page.eval(TITLE) in ("digit_preprocessing", "digit_classifier", "image", "scores")
    page.key("Escape")
    assert page.eval(TITLE) == "digits"


def test_a_tensor_is_found_in_whichever_model_it_is(show, sample):
    page = show(sample)
    page.key("/")
    page.type("embed")
    assert page.eval("document.querySelectorAll('#found button').length") == 1
    page.key("Enter")
    assert page.eval(SHOWN) == "digit_embedding"
    page.key("Escape")
    page.type("pixels")
    lit = page.eval("[...document.querySelectorAll('svg .edge.hit')].map(edge => edge.dataset.tensor)")
    assert lit == ["pixels"]
    page.type("nothing like it")
    assert page.eval("document.getElementById('found').innerText") == "no such tensor"


def test_a_wide_drawing_begins_legibly_at_its_inputs(show, tmp_path):
    flows.add_forty(tmp_path / "repo")
    page = show(tmp_path / "repo" / "forty")
    assert page.eval(SCALE) > 0.6
    x, y = page.middle("[data-node=input0]")
    assert 250 < x < 700
    assert 100 < y < 700
    page.key("0")
    assert page.eval("document.querySelector('[data-node=output0]').getBoundingClientRect().right") < 1010


def test_it_is_dark_where_the_reader_wants_it_dark(show, sample):
    background = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('.tk-graph text')).fill"
    light = show(sample)
    colours = light.eval(background), light.eval(ink)
    dark = show(sample, dark=True)
    assert (dark.eval(background), dark.eval(ink)) != colours
    assert dark.eval(background) == "rgb(18, 22, 29)"


def test_no_name_does_anything(show, tmp_path):
    hostile.add_hostile(tmp_path / "repo")
    page = show(tmp_path / "repo")
    for i in range(0, len(hostile.NAMES), 4):
        page.eval(f"document.querySelector('svg:not([hidden]) [data-node=step{i}]').dispatchEvent(new Event('click'))")
    page.eval("document.getElementById('search').focus()")
    page.type("script")
    assert page.eval("window.hacked") is None
    assert page.eval("document.querySelectorAll('script').length") == 2
    assert page.eval("document.querySelectorAll('img').length") == 0
    shown = page.eval("[...document.querySelectorAll('#found button')].map(one => one.firstChild.textContent)")
    assert hostile.NAMES[0] in shown


def test_the_policy_of_the_page_refuses_a_script_that_is_not_its_own(show, tmp_path, sample):
    page = show(sample)
    page.eval("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hacked=1'}))")
    assert page.eval("window.hacked") is None
    page.events[:] = [event for event in page.events if event.get("method") != "Log.entryAdded"]


def test_a_repository_without_models_is_a_page_too(show, tmp_path):
    (tmp_path / "repo").mkdir()
    assert show(tmp_path / "repo").eval(TITLE) == "There is no model"
