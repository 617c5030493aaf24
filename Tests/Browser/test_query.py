"""The chips: what is typed, what stands in the address, and what the server is asked are one and the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect

from harness import Api, JSON, ok
from views import View, Views, answered


@pytest.fixture(scope="module")
def tasks(api: Api) -> dict[str, JSON]:
    """A few that differ in all that can be asked for."""
    broken, calm = api.agent(400, id="query-broken"), api.agent(503, ok(), id="query-calm")
    made = {
        "failed": api.run(broken, "failed", type="query.alpha", metadata={"customer": "42", "name": "two words"}),
        "paid": api.run(broken, "failed", type="query.paid", payment={"amount": "250.00", "currency": "USD", "kind": "payment"}),
        "cheap": api.run(broken, "failed", type="query.paid", payment={"amount": "9.50", "currency": "USD", "kind": "payment"}),
        "healed": api.run(calm, type="query.beta", retry_policy={"base_delay_ms": 10}),
    }
    return made


@pytest.fixture
def view(api: Api, tasks: dict[str, JSON], views: Views) -> Iterator[View]:
    yield views.open(api, "/tasks").live().settled()


def asked(url: str) -> dict[str, str]:
    return {name: value for name, value in parse_qsl(urlsplit(url).query) if name not in ("include", "limit")}


QUERIES = [
    ("status:failed", {"status": "failed"}, {"failed", "paid", "cheap"}),
    ("status:failed type:query.paid", {"status": "failed", "type": "query.paid"}, {"paid", "cheap"}),
    ("type:query.paid amount:>100", {"type": "query.paid", "min_amount": "100"}, {"paid"}),
    ("-type:query.paid", {"not_type": "query.paid"}, {"failed", "healed"}),
    ("-agent:query-broken", {"not_agent": "query-broken"}, {"healed"}),
    ("attempts:>1", {"min_attempts": "2"}, {"healed"}),
    ("error:validation_error -error:timeout type:query.alpha", {"error_type": "validation_error", "not_error_type": "timeout", "type": "query.alpha"}, {"failed"}),
    ("metadata.customer:42", {"metadata.customer": "42"}, {"failed"}),
    ('metadata.name:"two words"', {"metadata.name": "two words"}, {"failed"}),
    ("user:admin status:completed", {"user_id": "admin", "status": "completed"}, {"healed"}),
]


@pytest.mark.parametrize("query, parameters, expected", QUERIES, ids=[query for query, _, _ in QUERIES])
def test_typed_is_asked_is_listed(shared: View, tasks: dict[str, JSON], query: str, parameters: dict[str, str], expected: set[str]) -> None:
    view = shared
    view.go("/tasks")
    expect(view.rows).to_have_count(len(tasks))
    view.search.fill(query)
    with answered(view, "/tasks?") as answer:
        view.search.press("Enter")
    assert asked(answer.value.url) == parameters
    expect(view.rows).to_have_count(len(expected))
    assert {row.get_attribute("data-key") for row in view.rows.all()} == {tasks[name]["id"] for name in expected}
    assert dict(parse_qsl(urlsplit(view.page.url).query))["q"] == query
    expect(view.find(".query-chips .chip")).to_have_count(len(parameters))
    # The address alone shows the same.
    view.page.reload()
    view.ready().settled()
    expect(view.rows).to_have_count(len(expected))
    assert " ".join(view.find(".query-chips .chip .chip-text").all_inner_texts()) == query


@pytest.fixture(scope="module")
def shared(api: Api, tasks: dict[str, JSON], module_views: Views) -> View:
    return module_views.open(api, "/tasks").live()


def test_an_age_is_asked_as_a_time(view: View) -> None:
    for query, name in (("age:<1h", "created_after"), ("age:>1h", "created_before")):
        view.go("/tasks")
        expect(view.rows).to_have_count(4)
        view.search.fill(query)
        with answered(view, "/tasks?") as answer:
            view.search.press("Enter")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", asked(answer.value.url)[name])
    expect(view.page.get_by_text("No task fits")).to_be_visible()
    view.page.get_by_role("link", name="All tasks").click()
    expect(view.rows).to_have_count(4)


def test_suggestions_are_walked_and_taken_by_keyboard(view: View) -> None:
    view.page.keyboard.press("/")
    expect(view.search).to_be_focused()
    options = view.page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    view.page.keyboard.type("st")
    expect(options).to_have_text([re.compile("^status:")])
    view.page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(view.search).to_have_attribute("aria-activedescendant", re.compile("query-"))
    view.page.keyboard.press("Enter")
    expect(options).to_have_count(6)
    view.page.keyboard.type("f")
    view.page.keyboard.press("ArrowDown")
    view.page.keyboard.press("Enter")
    expect(view.find(".query-chips .chip")).to_have_text("status:failed")
    expect(view.rows).to_have_count(3)
    view.page.keyboard.type("agent:query-")
    expect(options).to_have_count(2)
    view.page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    view.page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    view.page.keyboard.press("Escape")
    expect(view.search).not_to_be_focused()


def test_a_space_after_a_value_makes_a_chip_and_backspace_opens_it(view: View) -> None:
    view.search.focus()
    view.page.keyboard.type("status:failed ")
    expect(view.find(".query-chips .chip")).to_have_text("status:failed")
    expect(view.search).to_be_focused()
    view.page.keyboard.type('metadata.name:"two words" ')
    expect(view.find(".query-chips .chip")).to_have_text(["status:failed", 'metadata.name:"two words"'])
    expect(view.rows).to_have_count(1)
    view.page.keyboard.press("Backspace")
    expect(view.search).to_have_value('metadata.name:"two words"')


@pytest.mark.parametrize("query, told", [
    ("colour:red", "no field “colour”"), ("status:fine", "“fine” is no status"), ("attempts:many", "whole number"),
    ("amount:<5", "from a sum up"), ("age:old", "takes a span"), ("metadata:x", "which key"), ("-user:ada", "cannot be excluded"),
])
def test_a_fault_is_told_and_changes_nothing_else(shared: View, query: str, told: str) -> None:
    view = shared
    view.go("/tasks?q=status%3Afailed")
    view.search.fill(query)
    view.search.press("Enter")
    expect(view.find("k-tasks [role=alert]")).to_contain_text(told)
    expect(view.find(".chip.is-wrong")).to_have_count(1)
    expect(view.find(".chip.is-wrong")).to_have_attribute("title", re.compile(re.escape(told)))
    expect(view.rows).to_have_count(3)


def test_a_chip_is_removed_and_edited(view: View) -> None:
    view.go("/tasks?q=status%3Afailed+type%3Aquery.paid")
    expect(view.rows).to_have_count(2)
    view.button("Remove type:query.paid").click()
    expect(view.rows).to_have_count(3)
    assert view.place == "/tasks?q=status%3Afailed"
    expect(view.search).to_be_focused()
    view.find(".query-chips .chip-text").click()
    expect(view.search).to_have_value("status:failed")
    view.search.fill("status:completed")
    view.search.press("Enter")
    expect(view.rows).to_have_count(1)
    expect(view.find(".query-chips .chip")).to_have_text("status:completed")


def test_back_leads_to_the_screen_before(view: View, tasks: dict[str, JSON]) -> None:
    view.find("a.rail-link[href='/agents']").click()
    expect(view.find("k-agents")).to_be_visible()
    view.page.keyboard.press("/")
    view.page.keyboard.type("status:failed")
    view.page.keyboard.press("Enter")
    expect(view.rows).to_have_count(3)
    before = view.page.evaluate("history.length")
    for name in ("failed", "paid", "cheap"):
        view.row(tasks[name]).click()
        expect(view.panel.locator(".task-id")).to_contain_text(tasks[name]["id"])
        assert f"task={tasks[name]['id']}" in view.place
    view.panel.get_by_role("tab", name="Timeline").click()
    assert "tab=timeline" in view.place
    assert view.page.evaluate("history.length") == before, "selecting replaces the entry"
    view.page.go_back()
    expect(view.find("k-agents")).to_be_visible()
    view.page.go_forward()
    expect(view.panel.locator(".task-id")).to_contain_text(tasks["cheap"]["id"])
    expect(view.panel.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true")
    expect(view.rows).to_have_count(3)


def test_common_filters_are_one_press(view: View) -> None:
    group = view.page.get_by_role("group", name="Common filters")
    for name, number in (("Failed", 3), ("Healed", 1), ("Over 100", 1), ("All", 4)):
        view.button(name, group, exact=True).click()
        expect(view.rows).to_have_count(number)
        expect(view.button(name, group, exact=True)).to_have_attribute("aria-pressed", "true")
    expect(group.locator("[aria-pressed=true]")).to_have_count(1)
