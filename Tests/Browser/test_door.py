"""Who comes in, who does not, and what each may do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from harness import Api
from views import ROOMS, TABS, View, Views


def enter(view: View, key: str) -> None:
    view.page.get_by_label("API key").fill(key)
    view.button("Sign in").click()


def test_the_key_opens_and_signing_out_closes(api: Api, views: Views) -> None:
    view = views.door(api, "/dead-letters?view=entries")
    enter(view, str(api.key))
    expect(view.find("k-dead-letters h1")).to_have_text("Dead letters")
    assert view.place == "/dead-letters?view=entries", "where one wanted to go"
    expect(view.button(re.compile("Signed in as admin, admin"))).to_be_visible()
    view.menu(re.compile("Signed in as"), "Sign out")
    expect(view.page.get_by_label("API key")).to_be_focused()
    assert view.context.cookies() == [] or all(cookie["value"] == "" for cookie in view.context.cookies())
    view.load("/")
    expect(view.find("k-sign-in")).to_be_visible()


def test_the_session_is_out_of_reach_of_scripts(api: Api, views: Views) -> None:
    view = views.open(api)
    (cookie,) = view.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert view.page.evaluate("document.cookie") == ""
    stored = view.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert str(api.key) not in stored and cookie["value"] not in stored


def test_a_wrong_key_is_told_what_to_do(api: Api, views: Views) -> None:
    view = views.door(api).allow("status of 401 .*/api/v1/session$")
    enter(view, "ks_admin_" + "x" * 40)
    fault = view.find("form [role=alert]")
    expect(fault).not_to_be_empty()
    assert len(fault.inner_text().split()) > 3, "a sentence"
    expect(view.button("Sign in")).to_be_enabled()
    expect(view.page.get_by_text("admin.key in its data folder")).to_be_visible()
    enter(view, str(api.key))
    expect(view.find("k-overview")).to_be_visible()


def test_a_link_opens_once(serve, views: Views) -> None:
    api: Api = serve()
    (link,) = re.findall(r"http://\S+/sign-in#token=\S+", api.server.tail())
    path = link.removeprefix(api.server.url)
    view = views.door(api, path)
    expect(view.find("k-overview")).to_be_visible()
    assert "token" not in view.page.url, "the address keeps no secret"
    assert view.page.evaluate("history.length") <= 2
    second = views.door(api, path).allow("status of 401 .*/api/v1/session$")
    expect(second.find("form [role=alert]")).to_contain_text("opens once")
    expect(second.button("Sign in")).to_be_enabled()


def test_a_session_that_ended_elsewhere_brings_the_door_back(api: Api, views: Views) -> None:
    first = views.open(api, "/tasks?q=status%3Afailed")
    second = views.open(api, "/", beside=first)
    second.menu(re.compile("Signed in as"), "Sign out")
    expect(second.find("k-sign-in")).to_be_visible()
    first.allow("status of 401 ")
    first.go("/agents")
    expect(first.find("k-sign-in")).to_contain_text("Your session has ended")
    first.go("/tasks?q=status%3Afailed")
    enter(first, str(api.key))
    expect(first.find("k-tasks h1")).to_be_visible()
    expect(first.find(".query-chips .chip")).to_have_text("status:failed")


def test_a_key_that_is_revoked_ends_the_page(api: Api, views: Views) -> None:
    guest = api.as_user(api.name("guest"))
    me = guest.get("/me")
    view = views.open(guest).live().allow("status of 401 ", "ERR_")
    api.call("DELETE", f"/api-keys/{me['key_id']}", expect=204)
    expect(view.find("k-sign-in")).to_contain_text("Your session has ended", timeout=30_000)


ACTS = re.compile(r"^(Retry|Cancel|Resolve|Discard|Decide|Edit|Add|New|Open it|Close it|Open …|Close …|Force|Pause|Resume|Delete|Remove|Acknowledge|Silence|Send test|Test|Rotate)\b", re.I)
HARMLESS = re.compile(r"Close (the panel|this message|for good)|^Close$|Edit$|^Pause( or|d)?|Remove (\w+:|the filter)", re.I)


@pytest.fixture(scope="module")
def looker(api: Api) -> tuple[Api, dict[str, str]]:
    """A viewer who owns one task of each kind."""
    viewer = api.as_user(api.name("viewer"), "viewer")
    user = viewer.get("/me")["user_id"]
    running = api.task(api.agent({"wait": 120}), user_id=user)
    failed = api.run(api.agent(400), "failed", user_id=user, payment={"amount": "250.00", "currency": "USD", "kind": "payment"})
    return viewer, {"running": running["id"], "failed": failed["id"], "entry": api.entry(failed)["id"], "user": user}


def test_a_viewer_sees_no_act_on_any_screen(looker: tuple[Api, dict[str, str]], views: Views) -> None:
    viewer, ids = looker
    view = views.open(viewer).live().allow("status of 403 ")
    expect(view.button(re.compile("viewer$"))).to_be_visible()
    places = [path for path, _, _ in ROOMS] + [f"/tasks/{ids[one]}?tab={tab}" for one in ("running", "failed") for tab in TABS]
    places += [f"/tasks?task={ids['failed']}", f"/dead-letters/{ids['entry']}", "/dead-letters?view=entries", f"/dead-letters?view=entries&entry={ids['entry']}"]
    seen = {}
    for place in places:
        view.go(place)
        expect(view.find(".main h1:visible, .main h2:visible").first).to_be_visible()
        view.settled()
        names = view.page.evaluate("""() => [...document.querySelectorAll('.main button, .main input[type=checkbox]')]
            .filter((one) => one.checkVisibility() && !one.disabled && !one.closest('.query'))
            .map((one) => (one.getAttribute('aria-label') ?? one.textContent ?? '').trim() || one.type)""")
        seen[place] = [name for name in names if ACTS.search(name) and not HARMLESS.search(name) or name.startswith("Select")]
    assert not {place: names for place, names in seen.items() if names}


def test_the_api_refuses_what_the_page_does_not_offer(looker: tuple[Api, dict[str, str]], views: Views) -> None:
    viewer, ids = looker
    view = views.open(viewer).allow("status of 403 ")
    asked = [
        ("POST", f"/tasks/{ids['running']}/cancel", {}), ("POST", f"/tasks/{ids['failed']}/retry", {}), ("POST", "/tasks", {"type": "test.task"}),
        ("POST", f"/failed-tasks/{ids['entry']}/retry", {}), ("POST", f"/failed-tasks/{ids['entry']}/resolve", {}),
        ("POST", f"/failed-tasks/{ids['entry']}/discard", {}), ("POST", "/circuit-breakers/any/open", {"reason": "no"}),
        ("POST", "/agents", {"name": "x", "protocol": "http"}), ("POST", "/api-keys", {"name": "x", "role": "admin", "user_id": "x"}),
    ]
    answers = view.page.evaluate("""async (asked) => await Promise.all(asked.map(async ([method, path, body]) => (await fetch(`/api/v1${path}`, {
        method, body: JSON.stringify(body), headers: {'Content-Type': 'application/json'}})).status))""", asked)
    assert answers == [403] * len(asked)


def test_another_site_cannot_act_with_the_cookie(looker: tuple[Api, dict[str, str]], views: Views) -> None:
    viewer, ids = looker
    view = views.open(viewer.anyone(viewer.key))
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = view.context.request.post(f"{view.origin}/api/v1/tasks", data={"type": "test.task"}, headers=headers)
        assert answer.status == 403, (headers, answer.status)
