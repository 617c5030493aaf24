"""By keyboard alone: every key that is bound is told, works, and never loses its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from harness import Api, ok
from story import Story, tell
from views import ROOMS, View, Views


@pytest.fixture(scope="module")
def story(api: Api) -> Story:
    return tell(api)


@pytest.fixture
def view(story: Story, views: Views) -> View:
    return views.open(story.api).live()


def press(view: View, *keys: str) -> None:
    for key in keys:
        view.page.keyboard.press(key)


def bound(view: View) -> list[str]:
    return view.module("core/keys.js", "({all}) => [...all().values()].flat().map((one) => `${one.keys}: ${one.help}`)")


@pytest.mark.parametrize("path", [path for path, _, _ in ROOMS])
def test_the_help_lists_what_is_bound(shared: View, path: str) -> None:
    view = shared
    view.go(path)
    expect(view.find(".main h1:visible").first).to_be_visible()
    press(view, "?")
    rows = view.dialog.locator("dl.key-list")
    listed = rows.evaluate_all("all => all.flatMap((list) => [...list.children].filter((one) => one.localName === 'dt').map((one) => `${one.textContent.trim().replace(/\\s+/g, ' ')}: ${one.nextElementSibling.textContent}`))")
    assert listed == bound(view)
    assert {"/", "?", "p", "t"} | {f"g {letter}" for _, _, letter in ROOMS} <= {one.split(": ")[0] for one in listed}
    press(view, "Escape")
    expect(view.dialog).to_have_count(0)


@pytest.fixture(scope="module")
def shared(story: Story, module_views: Views) -> View:
    return module_views.open(story.api).live().allow("status of 404 ")


def test_g_and_a_letter_go_to_every_room(shared: View) -> None:
    for path, name, letter in [*ROOMS[1:], ROOMS[0]]:
        press(shared, "g", letter)
        expect(shared.find(".main h1:visible").first).to_have_text(name)
        assert shared.place == path
        expect(shared.find(f"a.rail-link[href='{path}']")).to_have_attribute("aria-current", "page")
        expect(shared.find(".rail-link[aria-current]")).to_have_count(1)


def test_a_list_is_walked_marked_and_opened(view: View, story: Story) -> None:
    press(view, "g", "t")
    expect(view.rows.first).to_be_visible()
    ids = [row.get_attribute("data-key") for row in view.rows.all()]
    cursor = view.find("tr.is-cursor")
    press(view, "j")
    expect(cursor).to_have_attribute("data-key", str(ids[0]))
    press(view, "j", "j")
    expect(cursor).to_have_attribute("data-key", str(ids[2]))
    press(view, "k")
    expect(cursor).to_have_attribute("data-key", str(ids[1]))
    press(view, "x", "j", "x")
    expect(view.find(".selection")).to_contain_text("2 tasks selected")
    press(view, "x")
    expect(view.find(".selection")).to_contain_text("1 task selected")
    press(view, "Enter")
    expect(view.panel.locator(".task-id")).to_contain_text(str(ids[2]))
    press(view, "j")
    expect(view.panel.locator(".task-id")).to_contain_text(str(ids[3]))
    press(view, "Escape")
    expect(view.panel).to_have_count(0)
    assert "task=" not in view.place
    press(view, "Enter")
    expect(view.panel).to_be_visible()
    press(view, "Enter")
    expect(view.find("k-task-page .task-id")).to_contain_text(str(ids[3]))
    assert view.place == f"/tasks/{ids[3]}"
    view.page.go_back()
    expect(view.find("k-tasks")).to_be_visible()


def test_a_task_is_cancelled_and_retried_by_a_key(api: Api, view: View) -> None:
    agent = api.agent({"wait": 60}, ok())
    task = api.task(agent)
    view.go(f"/tasks/{task['id']}")
    expect(view.find(".task-mark")).to_have_text("running")
    press(view, "r")
    assert api.show(task)["round"] == 1, "what runs is not retried"
    press(view, "c")
    expect(view.dialog).to_be_visible()
    expect(view.dialog.get_by_label("Reason")).to_be_focused()
    view.page.keyboard.type("c r p t are letters here")
    press(view, "Enter")
    expect(view.find(".task-mark")).to_have_text("cancelled")
    assert view.focused() != "body"
    press(view, "r")
    assert api.wait(task, "completed")["round"] == 2


def test_pause_and_theme_have_a_key(view: View) -> None:
    press(view, "p")
    expect(view.pill).to_have_text("Paused")
    press(view, "p")
    expect(view.pill).to_have_text("Live")
    themes = []
    for _ in range(4):
        press(view, "t")
        themes.append(view.find("html").get_attribute("data-theme"))
    assert themes == ["light", "dark", "contrast", None]


def test_letters_can_be_switched_off(view: View) -> None:
    press(view, "g", "s")
    view.page.get_by_role("link", name="Keyboard").or_(view.button("Keyboard", exact=True)).first.click()
    view.page.get_by_label("Single letters are shortcuts").uncheck()
    view.find(".main h1").click()
    before = view.place
    press(view, "g", "t", "t", "p", "/", "?")
    expect(view.pill).to_have_text("Live")
    assert view.place == before and view.dialog.count() == 0
    assert view.find("html").get_attribute("data-theme") is None
    view.page.reload()
    view.ready().live()
    press(view, "g", "t")
    assert view.place == before, "it is remembered"
    view.page.get_by_label("Single letters are shortcuts").check()
    view.find(".main h1").click()
    press(view, "g", "t")
    expect(view.find("k-tasks")).to_be_visible()


def test_keys_are_letters_where_one_types(view: View) -> None:
    view.search.focus()
    view.page.keyboard.type("gtpxj?")
    expect(view.search).to_have_value("gtpxj?")
    expect(view.find("k-overview")).to_be_visible()
    expect(view.pill).to_have_text("Live")


def test_modified_keys_are_the_browsers(view: View) -> None:
    press(view, "Control+p", "Alt+t", "Meta+g", "Control+/")
    expect(view.pill).to_have_text("Live")
    assert view.focused() == "body" or "query" not in view.focused()


# The focus

VISIBLE = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return 'body';
    const look = (element, pseudo) => { const style = getComputedStyle(element, pseudo); return [style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0, style.boxShadow !== 'none']; };
    const around = [one, one.parentElement, one.closest('.query'), one.closest('label'), one.closest('tr')].filter(Boolean);
    const box = one.getBoundingClientRect();
    return {name: `${one.localName}.${one.className?.baseVal ?? one.className} “${(one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 30)}”`,
        isVisible: around.some((element) => look(element).some(Boolean)), isThere: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
}"""

REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0 && !(one.type === 'radio' && !one.checked)).length"""


@pytest.mark.parametrize("path", ["/", "/tasks", "/dead-letters", "/breakers", "/recovery", "/recovery/new?steps=retry,escalate,compensate", "/alerts", "/alerts?view=channels", "/agents", "/settings", "task", "panel"])
def test_tab_reaches_everything_and_is_seen(shared: View, story: Story, path: str) -> None:
    view = shared
    view.page.goto(view.origin + {"task": f"/tasks/{story.failed['id']}", "panel": f"/tasks?task={story.failed['id']}"}.get(path, path))
    view.ready().live().settled()
    expect(view.find(".main h1:visible, .main h2:visible").first).to_be_visible()
    if path == "panel":
        expect(view.panel.locator(".task-id")).to_be_visible()
    total = view.page.evaluate(REACHABLE)
    seen: list[str] = []
    for _ in range(total + 30):
        press(view, "Tab")
        focus = view.page.evaluate(VISIBLE)
        if focus == "body":
            break
        assert focus["isThere"], f"{focus['name']} is out of sight"
        assert focus["isVisible"], f"nobody sees that {focus['name']} has the focus"
        seen.append(focus["name"])
    assert seen[0].startswith("a.skip"), "the way round the rail comes first"
    assert len(seen) >= total - 2, f"{len(seen)} of {total}"
    press(view, "Shift+Tab")
    assert view.page.evaluate(VISIBLE) != "body", "and back"


def test_the_skip_link_leads_to_the_content(shared: View) -> None:
    shared.page.goto(shared.origin + "/agents")
    shared.ready().live()
    press(shared, "Tab")
    expect(shared.find("a.skip")).to_be_focused()
    expect(shared.find("a.skip")).to_be_in_viewport()
    press(shared, "Enter")
    expect(shared.find("#main")).to_be_focused()


def test_the_focus_is_never_lost(view: View, story: Story) -> None:
    failed = story.failed
    view.go("/tasks")
    view.row(failed).click()
    expect(view.panel.locator(".task-id")).to_be_visible()
    view.button("Close the panel").focus()
    press(view, "Enter")
    expect(view.panel).to_have_count(0)
    assert view.focused() != "body"
    view.button(re.compile("How times are shown")).focus()
    press(view, "Enter")
    expect(view.find(".menu-item:focus")).to_have_text("Relative")
    press(view, "ArrowDown", "Enter")
    expect(view.button(re.compile("How times are shown"))).to_be_focused()
    view.button("Theme").focus()
    press(view, "Enter")
    expect(view.find(".menu-item:focus")).to_have_text("As the system")
    press(view, "Escape")
    expect(view.button("Theme")).to_be_focused()
    view.go(f"/tasks/{failed['id']}")
    again = view.button("Ways to retry")
    again.focus()
    press(view, "Enter")
    expect(view.find(".menu-item:focus")).to_contain_text("Now")
    press(view, "ArrowDown", "Enter")
    expect(view.dialog).to_be_visible()
    press(view, "Escape")
    expect(view.dialog).to_have_count(0)
    expect(again).to_be_focused()
    tab = view.page.get_by_role("tab", name="Overview")
    tab.focus()
    for name in ("Timeline", "Attempts", "Input/Output", "Payment", "Recovery", "Overview"):
        press(view, "ArrowRight")
        expect(view.page.get_by_role("tab", name=name)).to_be_focused()
        expect(view.page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def test_the_focus_outlives_a_row_that_leaves(api: Api, view: View) -> None:
    task = api.task(api.agent({"wait": 60}))
    view.button(f"Cancel {task['type']}", view.active(task)).focus()
    press(view, "Enter")
    expect(view.active(task)).to_have_count(0)
    assert view.focused() != "body"


def test_new_rows_are_shown_by_keyboard(api: Api, view: View) -> None:
    kind = api.name("fresh").replace("-", ".")
    agent = api.agent({"wait": 60})
    api.task(agent, type=kind)
    view.go(f"/tasks?q=type%3A{kind}")
    expect(view.rows).to_have_count(1)
    api.task(agent, type=kind)
    pill = view.find(".pill.is-new")
    expect(pill).to_have_text("1 new")
    pill.focus()
    press(view, "Enter")
    expect(view.rows).to_have_count(2)
    view.page.wait_for_function("() => document.activeElement !== document.body")


def test_a_dead_letter_is_mended_by_keys(api: Api, view: View) -> None:
    kind = api.name("mend").replace("-", ".")
    task = api.run(api.agent(400, ok()), "failed", type=kind)
    view.go(f"/dead-letters?view=entries&type={kind}")
    expect(view.rows).to_have_count(1)
    press(view, "j", "r")
    api.wait(task, "completed")
    assert api.entry(task)["status"] == "retried"
