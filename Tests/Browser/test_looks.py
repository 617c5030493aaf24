"""Every screen, in every theme and at every width: nothing that axe objects to, nothing cut off, nothing out of reach."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from harness import Api, Server
from story import Story, tell
from views import ROOMS, View, Views

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
THEMES = ["light", "dark", "contrast"]
#: Of these alone it matters in which theme they are looked at: all others look at the document.
OF_COLOUR = ["color-contrast", "link-in-text-block"]
AXE = Axe()
CALM_MOTION: dict[str, Any] = {"reduced_motion": "reduce"}


def objections(view: View, theme: str) -> list[str]:
    """What axe has against what is shown."""
    # Even where nothing moves, a colour takes a frame to change.
    view.module("core/theme.js", "async ({setTheme}, theme) => { setTheme(theme); for (let n = 0; n < 3; n += 1) await new Promise(requestAnimationFrame); }", theme)
    only = {"type": "tag", "values": TAGS} if theme == THEMES[0] else {"type": "rule", "values": OF_COLOUR}
    options = {"runOnly": only, "resultTypes": ["violations"]} | ({"rules": {"target-size": {"enabled": True}}} if theme == THEMES[0] else {})
    found = axe(view, options)
    return [f"{theme}: {one['id']}: {one['help']}\n" + "\n".join(f"    {node['target']} {node['html'][:160]} {explain(node)}" for node in one["nodes"][:4]) for one in found]


def axe(view: View, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Runs axe, which is told to a page once: half a megabyte takes its time."""
    if not view.page.evaluate("() => 'axe' in window"):
        view.page.evaluate(AXE.axe_script)
    return view.page.evaluate("async (options) => (await axe.run(document, options)).violations", options)


def explain(node: dict[str, Any]) -> str:
    return " ".join(check["message"] for check in node["any"] + node["all"] + node["none"])[:300]


def fine(view: View) -> None:
    found = [one for theme in THEMES for one in objections(view, theme)]
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def story(api: Api) -> Story:
    return tell(api)


@pytest.fixture(scope="module")
def full(story: Story, module_views: Views) -> View:
    """One page on a server where everything has happened; what the server does not know yet may be told in its console."""
    return module_views.open(story.api, **CALM_MOTION).live().allow("status of 404 ")


PLACES = list(Story.places(Story(*[{"id": "0"}] * 16)))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def tidy(request: pytest.FixtureRequest) -> Iterator[None]:
    """A sheet that a failed test has left open is not the next one's."""
    yield
    for name in ("full", "narrow"):
        view = request.node.funcargs.get(name)
        if view and view.find("dialog[open], .menu-list:popover-open").count():
            view.page.reload()
            view.ready()


@pytest.mark.parametrize("name", PLACES)
def test_axe_finds_nothing_on_a_full_server(full: View, story: Story, name: str) -> None:
    full.go(story.places()[name])
    shown(full)
    fine(full)


def shown(view: View) -> None:
    expect(view.find(".main h1:visible, .main h2:visible, .main h3:visible").first).to_be_visible()
    view.settled()


def opens(name: str, place: Callable[[Story], str], act: Callable[[View], Any]) -> Any:
    return pytest.param(place, act, id=name)


DIALOGS = [
    opens("keys", lambda s: "/", lambda v: v.page.keyboard.press("?")),
    opens("cancel", lambda s: f"/tasks/{s.running['id']}", lambda v: v.button("Cancel", v.find(".task-acts"), exact=True).click()),
    opens("edit and retry", lambda s: f"/tasks/{s.failed['id']}", lambda v: v.menu("Ways to retry", "With edited input")),
    opens("retry elsewhere", lambda s: f"/tasks/{s.failed['id']}", lambda v: v.menu("Ways to retry", "On another agent")),
    opens("retry at a time", lambda s: f"/tasks/{s.failed['id']}", lambda v: v.menu("Ways to retry", "At a time")),
    opens("resolve", lambda s: f"/dead-letters/{s.entry['id']}", lambda v: v.button(re.compile("^Resolve")).first.click()),
    opens("a group", lambda s: "/dead-letters", lambda v: v.find(".group-acts button").first.click()),
    opens("many tasks", lambda s: "/tasks", lambda v: (v.page.get_by_label("Select all that are loaded").check(), v.button("Retry", v.find(".selection")).click(), expect(v.dialog.locator(".preview")).to_contain_text("task"))),
    opens("decide", lambda s: f"/tasks/{s.asked['id']}?tab=recovery", lambda v: v.button("Try again").click()),
    opens("resolve an alert", lambda s: "/alerts", lambda v: v.button("Resolve…").first.click()),
    opens("silence an alert", lambda s: "/alerts", lambda v: v.button("Silence…").first.click()),
    opens("add a silence", lambda s: "/alerts?view=silences", lambda v: v.button("Add a silence").click()),
    opens("add a channel", lambda s: "/alerts?view=channels", lambda v: (v.button("Add a channel").click(), v.dialog.get_by_label("Kind").select_option("email"), v.dialog.locator("summary").click())),
    opens("force a breaker", lambda s: "/breakers", lambda v: v.find(".main .breakers button").last.click()),
    opens("add an agent", lambda s: "/agents", lambda v: v.button("Add an agent").click()),
]


@pytest.mark.parametrize("place, act", DIALOGS)
def test_axe_finds_nothing_in_a_dialog(full: View, story: Story, place: Callable[[Story], str], act: Callable[[View], Any]) -> None:
    full.go(place(story))
    shown(full)
    act(full)
    expect(full.dialog).to_be_visible()
    fine(full)
    full.page.keyboard.press("Escape")
    expect(full.dialog).to_have_count(0)
    assert full.focused() != "body", "the focus goes back to where it was"


@pytest.mark.parametrize("name", ["How times are shown", "Theme", re.compile("Signed in as")], ids=["zone", "theme", "who"])
def test_axe_finds_nothing_in_a_menu(full: View, name: str | re.Pattern[str]) -> None:
    full.go("/")
    full.button(name).click()
    expect(full.find(".menu-list:popover-open")).to_be_visible()
    fine(full)
    full.page.keyboard.press("Escape")
    expect(full.find(".menu-list:popover-open")).to_have_count(0)


def test_axe_finds_nothing_in_a_message(full: View) -> None:
    full.go("/")
    full.page.keyboard.press("p")
    expect(full.toasts).to_contain_text("Paused")
    fine(full)
    full.page.keyboard.press("p")
    full.live()


# An empty server: the first thing that anybody sees

@pytest.fixture(scope="module")
def bare(hell: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    from conftest import ASSETS
    server = Server(tmp_path_factory.mktemp("bare") / "data", **ASSETS).start()
    yield Api(server, hell)
    server.close()


@pytest.fixture(scope="module")
def empty(bare: Api, module_views: Views) -> View:
    return module_views.open(bare, **CALM_MOTION).live().allow("status of 404 ")


NEXT = {
    "/": "Submit a task", "/tasks": "No task yet", "/dead-letters": "Nothing waits for you", "/breakers": "No breaker yet", "/recovery": "No chain yet",
    "/alerts": "Nothing fires", "/agents": "No agent yet", "/live": "Waiting for events", "/settings": "Appearance",
}


@pytest.mark.parametrize("path", [path for path, _, _ in ROOMS])
def test_an_empty_room_says_what_to_do(empty: View, path: str) -> None:
    empty.go(path)
    shown(empty)
    if NEXT[path]:
        expect(empty.find(".main")).to_contain_text(str(NEXT[path]))
    for nothing in empty.find(".main .empty:visible").all():
        words = nothing.inner_text().split()
        assert len(words) > 5, f"a sentence, not only “{' '.join(words)}”"
    fine(empty)


def test_axe_finds_nothing_at_the_door(bare: Api, views: Views) -> None:
    view = views.door(bare, **CALM_MOTION).allow("status of 401 ")
    fine(view)
    view.page.get_by_label("API key").fill("ks_no_" + "x" * 32)
    view.button("Sign in").click()
    expect(view.find("form [role=alert]")).not_to_be_empty()
    fine(view)


def test_what_a_viewer_may_not_see_says_so(story: Story, views: Views) -> None:
    viewer = story.api.as_user(story.api.name("viewer"), "viewer")
    view = views.open(viewer, f"/tasks/{story.paid['id']}", **CALM_MOTION).live().allow("status of 40[34] ")
    expect(view.find(".main [role=alert]")).to_contain_text("Not found")
    fine(view)
    for path, _, _ in ROOMS:
        view.go(path)
        shown(view)
        text = view.find(".main").inner_text()
        assert "could not be loaded" not in text, f"{path}: {text}"


def test_an_unknown_address_says_so(full: View) -> None:
    for path in ("/nowhere", "/breakers-of-things", "/dead-letterss"):
        full.go(path)
        expect(full.find(".main h1")).to_have_text("There is nothing at this address")
        expect(full.page.get_by_role("link", name="To the overview")).to_be_visible()


# Themes

def ground(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_a_theme_is_chosen_and_remembered(api: Api, views: Views) -> None:
    view = views.open(api, color_scheme="dark")
    dark = ground(view.page)
    view.menu("Theme", "Light")
    light = ground(view.page)
    assert light != dark
    view.page.reload()
    view.ready()
    assert ground(view.page) == light and view.find("html").get_attribute("data-theme") == "light"
    view.menu("Theme", "High contrast")
    assert ground(view.page) == "rgb(0, 0, 0)"
    view.menu("Theme", "As the system")
    assert ground(view.page) == dark
    view.page.emulate_media(color_scheme="light")
    assert ground(view.page) == light
    second = views.open(api, "/settings", beside=view)
    second.menu("Theme", "Dark")
    assert ground(second.page) == dark


def test_reduced_motion_stands_still(story: Story, views: Views) -> None:
    view = views.open(story.api, **CALM_MOTION).live()
    expect(view.active(story.running)).to_be_visible()
    moving = view.page.evaluate("document.getAnimations().filter((one) => one.playState === 'running' && one.effect.getComputedTiming().activeDuration > 50).map((one) => one.animationName ?? one.transitionProperty)")
    assert moving == []


# Narrow: a telephone, and 1280 pixels at 400 %

WIDTHS = {"360 px wide": {"width": 360, "height": 740}, "at 400 %": {"width": 320, "height": 256}}

#: Whatever makes the page wider than the window, and acts that cannot be brought into it or lie under something else.
CRAMPED = """() => {
    const wrong = [];
    const root = document.scrollingElement;
    if (root.scrollWidth > root.clientWidth) wrong.push(`the page is ${root.scrollWidth} wide`);
    const name = (one) => `${one.localName}.${one.className?.baseVal ?? one.className} “${(one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 30)}”`;
    for (const one of document.querySelectorAll('.main, .split-list, .split-panel, dialog, .dialog-body, .screen'))
        if (one.checkVisibility() && one.scrollWidth > one.clientWidth + 1) wrong.push(`${name(one)} is ${one.scrollWidth} wide in ${one.clientWidth}`);
    const inside = document.querySelector('dialog[open]') ?? document.body;
    for (const one of inside.querySelectorAll('button, a[href], input, select, textarea, summary')) {
        if (!one.checkVisibility({visibilityProperty: true, opacityProperty: true}) || one.disabled || one.closest('.skip, [inert]')) continue;
        one.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
        const box = one.getBoundingClientRect();
        if (box.width === 0 || one.classList.contains('visually-hidden')) continue;
        const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
        const hit = document.elementFromPoint(x, y);
        if (box.left < -1 || box.right > innerWidth + 1) wrong.push(`${name(one)} from ${Math.round(box.left)} to ${Math.round(box.right)} of ${innerWidth}`);
        else if (box.height < innerHeight / 3 && (!hit || !(one.contains(hit) || hit.contains(one) || hit.closest('label')?.contains(one)))) wrong.push(`${name(one)} lies under ${hit ? name(hit) : 'nothing'}`);
    }
    return [...new Set(wrong)].slice(0, 12);
}"""


@pytest.fixture(scope="module", params=list(WIDTHS))
def narrow(request: pytest.FixtureRequest, story: Story, module_views: Views) -> View:
    return module_views.open(story.api, viewport=WIDTHS[request.param], has_touch=True, is_mobile=True, **CALM_MOTION).live().allow("status of 404 ")


@pytest.mark.parametrize("name", PLACES)
def test_nothing_is_cut_off_where_it_is_narrow(narrow: View, story: Story, name: str) -> None:
    narrow.go(story.places()[name])
    shown(narrow)
    assert narrow.page.evaluate(CRAMPED) == []
    if narrow.page.evaluate("innerHeight") < 400:
        return  # the same sizes, but rows that the window cuts would count as small
    # A row half under the head of its table would count as small.
    narrow.page.evaluate("() => { for (const one of document.querySelectorAll('.main, .split-list')) one.scrollTo(0, 0); }")
    small = axe(narrow, {"runOnly": {"type": "rule", "values": ["target-size"]}, "resultTypes": ["violations"]})
    assert [f"{node['target']} {node['html'][:120]} {explain(node)}" for one in small for node in one["nodes"][:6]] == []


@pytest.mark.parametrize("place, act", DIALOGS[1:])
def test_a_dialog_can_be_used_where_it_is_narrow(narrow: View, story: Story, place: Callable[[Story], str], act: Callable[[View], Any]) -> None:
    narrow.go(place(story))
    shown(narrow)
    act(narrow)
    expect(narrow.dialog).to_be_visible()
    assert narrow.page.evaluate(CRAMPED) == []
    narrow.page.keyboard.press("Escape")
    expect(narrow.dialog).to_have_count(0)


def test_the_rooms_are_reached_where_it_is_narrow(narrow: View) -> None:
    narrow.go("/")
    for path, name, _ in ROOMS[:3]:
        narrow.button("Rooms", exact=True).click()
        link = narrow.find(f"a.rail-link[href='{path}']")
        expect(link).to_be_in_viewport()
        link.click()
        expect(link).not_to_be_in_viewport()
        expect(narrow.find(".main h1:visible").first).to_have_text(name)
