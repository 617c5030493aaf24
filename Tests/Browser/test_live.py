"""What happens is seen as it happens: no reload, no refresh, nothing missed, whatever breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from harness import CALM, Api, JSON, eventually, ok
from relay import Relay
from views import View, Views, answered

FAST = {"base_delay_ms": 10, "jitter": 0}


def stories(api: Api, tasks: list[JSON]) -> list[list[Any]]:
    return sorted([task["id"], event["seq"], event["type"]] for task in tasks for event in api.timeline(task))


def seen(view: View, tasks: list[JSON]) -> list[list[Any]]:
    ids = {task["id"] for task in tasks}
    return sorted(event for event in view.collected() if event[0] in ids)


def test_retries_appear_and_heal_before_the_eyes(api: Api, views: Views) -> None:
    agent = api.agent(503, 503, ok(), breaker=CALM)
    view = views.open(api, f"/tasks?q=agent%3A{agent.id}").live()
    task = api.task(agent, retry_policy={"base_delay_ms": 3_000, "jitter": 0, "max_delay_ms": 3_000})
    row = view.row(task)
    expect(row.locator(".state")).to_have_text("retrying")
    expect(row.locator(".cell-sub")).to_have_text(re.compile(r"next attempt in \d+ s"))
    expect(row.locator(".seam-crack")).to_have_count(1)
    row.click()
    why = view.panel.locator(".why")
    expect(why).to_contain_text("503")
    expect(why.locator("k-countdown")).to_have_text(re.compile(r"next attempt in [123] s"))
    expect(why).to_contain_text(re.compile("attempt [23] of 6"))
    expect(row.locator(".state")).to_have_text("healed")
    expect(row.locator(".seam-gold")).to_have_count(2)
    expect(row.locator(".seam-crack")).to_have_count(0)
    expect(row.locator("svg.seams")).to_have_attribute("aria-label", "3 attempts, 2 breaks mended")
    expect(view.panel.locator(".task-mark")).to_have_text("healed")
    expect(why.locator("k-countdown")).to_be_hidden()
    assert view.loads == 1, "nothing was loaded anew"


def test_what_fails_for_good_is_a_red_crack_and_a_dead_letter(api: Api, views: Views) -> None:
    agent = api.agent(400)
    view = views.open(api, f"/tasks?q=agent%3A{agent.id}").live()
    before = api.get("/tasks/monitoring/health")["dead_letters"]["pending"]
    task = api.run(agent, "failed")
    expect(view.row(task).locator(".state")).to_have_text("failed")
    expect(view.row(task).locator(".seam-crack")).to_have_count(1)
    expect(view.row(task).locator(".seam-gold")).to_have_count(0)
    expect(view.badge("/dead-letters")).to_have_text(str(before + 1))
    expect(view.page).to_have_title(re.compile(rf"^\({before + 1}\) Tasks"))
    view.find("a.rail-link[href='/dead-letters']").click()
    expect(view.find("k-dead-letters")).to_contain_text("alidation error")
    assert view.loads == 1


def test_an_active_task_moves_and_is_cancelled_from_its_row(api: Api, views: Views) -> None:
    agent = api.agent({"status": 202})
    view = views.open(api, "/").live()
    task = api.task(agent)
    row = view.active(task)
    expect(row.locator(".state")).to_have_text("accepted")
    bar = row.get_by_role("progressbar")
    expect(bar).to_have_class(re.compile("is-unknown"))
    call = agent.called()[0]
    for percent in (10, 65):
        api.report(call, "progress", {"percent": percent, "message": f"{percent} of it"})
        expect(bar).to_have_attribute("aria-valuenow", str(percent))
        expect(row).to_contain_text(f"{percent} %")
    filled, whole = bar.locator(".progress-fill").bounding_box(), bar.bounding_box()
    assert filled and whole and 0.5 < filled["width"] / whole["width"] < 0.8
    expect(row.locator(".active-elapsed")).to_have_text(re.compile(r"^\d+:\d\d$"))
    view.button(f"Cancel {task['type']}", row).click()
    expect(row).to_have_count(0)
    expect(view.toasts).to_contain_text("is cancelled")
    assert [event["actor"] for event in api.told(task, "task_cancelled")] == ["user:admin"]
    assert view.loads == 1


def test_a_cancel_in_a_row_can_be_taken_back(api: Api, views: Views) -> None:
    agent = api.agent({"wait": 60}, ok())
    view = views.open(api, "/").live()
    task = api.task(agent)
    view.button(f"Cancel {task['type']}", view.active(task)).click()
    view.button("Undo: retry it", view.toasts).click()
    assert api.wait(task, "completed")["round"] == 2


def test_rows_change_in_their_place_and_new_ones_wait(api: Api, views: Views) -> None:
    kind = api.name("kind").replace("-", ".")
    held = api.agent({"status": 202})
    old = [api.task(held, type=kind) for _ in range(3)]
    calls = {call["body"]["task_id"]: call for call in held.called(3)}
    view = views.open(api, f"/tasks?q=type%3A{kind}").live()
    expect(view.rows).to_have_count(3)
    for task in old:
        expect(view.row(task).locator(".state")).to_have_text("accepted")
    api.report(calls[old[0]["id"]], "complete", {"output": 1})
    expect(view.row(old[0]).locator(".state")).to_have_text("completed")
    api.report(calls[old[1]["id"]], "fail", {"message": "it was not to be", "retryable": False})
    expect(view.row(old[1]).locator(".state")).to_have_text("failed")
    expect(view.row(old[1])).to_contain_text("it was not to be")
    api.post(f"/tasks/{old[2]['id']}/cancel", {})
    expect(view.row(old[2]).locator(".state")).to_have_text("cancelled")

    where = view.row(old[0]).bounding_box()
    new = [api.task(held, type=kind) for _ in range(2)]
    api.task(held, type=kind + ".other")
    pill = view.find(".pill.is-new")
    expect(pill).to_have_text("2 new")
    expect(view.rows).to_have_count(3)
    assert view.row(old[0]).bounding_box() == where, "nothing moves under the reader"
    pill.click()
    expect(pill).to_be_hidden()
    expect(view.rows).to_have_count(5)
    assert [row.get_attribute("data-key") for row in view.rows.all()[:2]] == [new[1]["id"], new[0]["id"]]
    assert view.loads == 1


def test_the_focus_stays_on_its_row_while_others_come(api: Api, views: Views) -> None:
    agent = api.agent({"wait": 60})
    kept = api.task(agent)
    view = views.open(api, "/").live()
    button = view.button(f"Cancel {kept['type']}", view.active(kept))
    button.focus()
    for _ in range(3):
        expect(view.active(api.task(agent))).to_be_visible()
    expect(button).to_be_focused()


def test_a_killed_server_is_caught_up_with(serve, views: Views) -> None:
    api: Api = serve()
    agent = api.agent(503, 503, ok(), ok(), ok(), breaker=CALM)
    view = views.open(api, "/tasks").live().allow("ERR_", "status of 503 ")
    view.collect()
    before = [api.task(agent, retry_policy=FAST)]
    expect(view.rows).to_have_count(1)  # into an empty list a row comes at once; the others wait
    before += [api.task(agent, retry_policy=FAST) for _ in range(4)]
    for task in before:
        api.wait(task, "completed")
    view.show_new(4)
    expect(view.rows).to_have_count(5)
    api.server.kill()
    expect(view.pill).to_have_text(re.compile(r"Reconnecting, last event \d\d:\d\d:\d\d"))
    api.server.start()
    # These are made while the page is away: it must come back to a log that has moved on.
    after = [api.task(agent, retry_policy=FAST) for _ in range(20)]
    for task in after:
        api.wait(task, "completed")
    view.live()
    everything = stories(api, before + after)
    eventually(lambda: len(seen(view, before + after)) >= len(everything), lambda: f"{len(seen(view, before + after))} of {len(everything)} events")
    assert seen(view, before + after) == everything, "each event once"
    for task in before:
        expect(view.row(task).locator(".state")).to_have_text(re.compile("healed|completed"))
    view.show_new(20)
    expect(view.rows).to_have_count(25)
    expect(view.find("tr[data-key] .cell-state").filter(has_not_text=re.compile("completed|healed"))).to_have_count(0)
    last = api.task(api.agent({"wait": 60}))
    view.page.keyboard.press("g")
    view.page.keyboard.press("o")
    view.button(f"Cancel {last['type']}", view.active(last)).click()
    api.wait(last, "cancelled")
    assert view.loads == 1, "the session outlived the server"


@pytest.fixture
def relay(api: Api) -> Iterator[Relay]:
    relay = Relay(api.server.port)
    yield relay
    relay.close()


def test_a_cut_line_is_caught_up_with(api: Api, relay: Relay, views: Views) -> None:
    view = views.open_at(api, f"http://127.0.0.1:{relay.port}", "/live").live().allow("ERR_")
    view.collect()
    agent = api.agent()
    tasks = []
    for _ in range(3):
        tasks.append(api.run(agent))
        eventually(lambda: len(seen(view, tasks)) == len(stories(api, tasks)), "the events arrive")
        relay.cut(refuse=True)
        tasks += [api.run(agent) for _ in range(5)]
        expect(view.pill).to_have_text(re.compile("Reconnecting"))
        relay.mend()
        view.live()
        eventually(lambda: len(seen(view, tasks)) >= len(stories(api, tasks)), "what was missed arrives")
    assert seen(view, tasks) == stories(api, tasks), "each event once"
    assert relay.asked[-1].count("after=") or len(relay.asked) > 1


def test_a_stream_that_begins_late_hides_nothing(api: Api, relay: Relay, views: Views) -> None:
    agent = api.agent()
    relay.lets_streams.clear()
    view = views.open_at(api, f"http://127.0.0.1:{relay.port}", f"/tasks?q=agent%3A{agent.id}")
    expect(view.page.get_by_text("No task fits")).to_be_visible()
    between = api.run(agent)
    relay.lets_streams.set()
    view.live()
    expect(view.row(between).locator(".state")).to_have_text("completed")


def test_a_quiet_stream_that_breaks_hides_nothing(serve, relay: Relay, views: Views) -> None:
    """No event had come yet, so there is none to go on from."""
    api: Api = serve()
    agent = api.agent()
    relay.target = api.server.port
    view = views.open_at(api, f"http://127.0.0.1:{relay.port}", f"/tasks?q=agent%3A{agent.id}").live().allow("ERR_")
    expect(view.page.get_by_text("No task fits")).to_be_visible()
    relay.cut(refuse=True)
    expect(view.pill).to_have_text(re.compile("Reconnecting"))
    between = api.run(agent)
    relay.mend()
    view.live()
    expect(view.row(between).locator(".state")).to_have_text("completed")


def test_two_tabs_share_one_stream(api: Api, relay: Relay, views: Views) -> None:
    agent = api.agent({"wait": 60})
    first = views.open_at(api, f"http://127.0.0.1:{relay.port}", "/").live()
    second = views.open_at(api, f"http://127.0.0.1:{relay.port}", f"/tasks?q=agent%3A{agent.id}", first).live()
    third = views.open_at(api, f"http://127.0.0.1:{relay.port}", "/live", first).live()
    task = api.task(agent)
    expect(first.active(task)).to_be_visible()
    expect(second.row(task)).to_be_visible()
    assert relay.streams == 1 and len(relay.asked) == 1
    first.page.goto("about:blank")
    assert api.post(f"/tasks/{task['id']}/cancel", {})
    expect(second.row(task).locator(".state")).to_have_text("cancelled")
    third.page.goto("about:blank")
    second.page.goto("about:blank")
    eventually(lambda: relay.streams == 0, "the last tab ends the stream")


HIDE = """(hidden) => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
    Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => hidden ? 'hidden' : 'visible'});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_a_hidden_tab_rests_and_catches_up(api: Api, views: Views) -> None:
    """The page is told that it is hidden; the browser of the tests hides none by itself."""
    agent = api.agent()
    view = views.open(api, f"/tasks?q=agent%3A{agent.id}").live()
    view.collect()
    shown = api.run(agent)
    expect(view.row(shown).locator(".state")).to_have_text("completed")
    view.page.evaluate(HIDE, True)
    view.page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    hidden = [api.run(agent) for _ in range(3)]
    other = views.open(api, f"/tasks?q=agent%3A{agent.id}", beside=view).live()
    expect(other.row(hidden[-1]).locator(".state")).to_have_text("completed")
    assert seen(view, hidden) == [], "a hidden tab does no work"
    asked = len(view.requests)
    view.page.evaluate(HIDE, False)
    expect(view.find(".pill.is-new")).to_have_text("3 new")
    assert seen(view, hidden) == stories(api, hidden)
    assert len([one for one in view.requests[asked:] if "/api/v1/tasks?" in one]) == 0, "caught up from the stream, not loaded anew"


def test_a_pause_holds_the_page_and_loses_nothing(api: Api, views: Views) -> None:
    agent = api.agent({"status": 202})
    view = views.open(api, f"/tasks?q=agent%3A{agent.id}").live()
    task = api.task(agent)
    expect(view.row(task).locator(".state")).to_have_text("accepted")
    view.pill.click()
    expect(view.pill).to_have_text("Paused")
    other = views.open(api, f"/tasks?q=agent%3A{agent.id}", beside=view).live()
    api.report(agent.called()[0], "complete", {"output": {}})
    expect(other.row(task).locator(".state")).to_have_text("completed")
    expect(view.row(task).locator(".state")).to_have_text("accepted")
    view.pill.click()
    view.live()
    expect(view.row(task).locator(".state")).to_have_text("completed")


def test_two_pages_in_conflict(api: Api, views: Views) -> None:
    task = api.task(api.agent({"wait": 60}))
    first = views.open(api, f"/tasks?task={task['id']}").live()
    second = views.open(api, f"/tasks/{task['id']}", beside=first).live()
    first.button("Cancel", first.panel, exact=True).click()
    expect(first.dialog).to_be_visible()
    second.button("Cancel", second.find(".task-acts"), exact=True).click()
    second.dialog.get_by_label("Reason").fill("I was first")
    second.button("Cancel the task", second.dialog).click()
    expect(second.dialog).to_have_count(0)
    expect(second.find(".task-mark")).to_have_text("cancelled")
    # The page behind the dialog shows it already; the dialog says it when it is used.
    expect(first.panel.locator(".task-mark")).to_have_text("cancelled")
    first.allow("status of 409 ")
    first.button("Cancel the task", first.dialog).click()
    expect(first.dialog.get_by_role("alert")).to_contain_text("cancelled now")
    expect(first.dialog.get_by_role("alert")).to_contain_text(api.show(task)["explanation"])
    first.page.keyboard.press("Escape")
    expect(first.dialog).to_have_count(0)
    assert len(api.told(task, "task_cancelled")) == 1


def test_two_pages_in_conflict_over_a_dead_letter(api: Api, views: Views) -> None:
    failed = api.run(api.agent(400, ok()), "failed", type=api.name("conflict").replace("-", "."))
    entry = api.entry(failed)
    address = f"/dead-letters?view=entries&type={failed['type']}&entry={entry['id']}"
    first = views.open(api, address).live().allow("status of 409 ")
    first.button(re.compile("^Resolve"), first.panel).first.click()
    expect(first.dialog).to_be_visible()
    second = views.open(api, address, beside=first).live()
    with answered(second, f"/failed-tasks/{entry['id']}/retry", "POST"):
        second.button("Retry", second.panel.locator("k-letter"), exact=True).first.click()
    api.wait(failed, "completed")
    first.button("Resolve", first.dialog, exact=True).click()
    expect(first.dialog.get_by_role("alert").or_(first.toasts)).to_contain_text(re.compile("retried|pending|changed|faster|conflict", re.I))
    assert api.entry(failed)["status"] == "retried"
