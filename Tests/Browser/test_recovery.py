"""Recovery from the page: many dead letters at once, fallback chains, questions to a person, alerts and where they are told."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from harness import CALM, JSON, Agent, Api, eventually, ok
from story import PAYMENT, completed
from views import View, Views

ONCE = {"max_attempts": 1}


def broken(api: Api, number: int, **answer: object) -> tuple[str, Agent]:
    """So many dead letters of one cause, which is still there."""
    kind = api.name("broken").replace("-", ".")
    agent = api.agent({"status": 503} | answer, breaker=CALM, max_concurrency=64)
    api.post("/tasks/batch", {"tasks": [{"type": kind, "agent_id": agent.id, "retry_policy": ONCE}] * number}, expect=201)
    eventually(lambda: len(api.pages("/failed-tasks", task_type=kind, status="pending")) == number, "all have failed")
    return kind, agent


def group(view: View, agent: str) -> Locator:
    return view.find("li.group", has_text=f"from {agent}")


# Many at once

def test_a_kind_of_failure_is_retried_with_care(api: Api, views: Views) -> None:
    kind, agent = broken(api, 60)
    agent.script(ok())
    view = views.open(api, "/dead-letters").live()
    card = group(view, agent.id)
    expect(card).to_contain_text("60 times")
    view.button("Retry…", card, exact=True).click()
    expect(view.dialog.locator(".preview")).to_contain_text("60 dead letters")
    expect(view.dialog.get_by_label("Try it on a few first")).to_be_checked()
    expect(view.dialog.locator(".canary-label")).to_have_text(["1", "10", "10 %: 6", "the other 43"])
    view.button("Retry 60", view.dialog).click()
    expect(view.panel.locator(".bulk-head")).to_contain_text("Retry 60 dead letters")
    expect(view.panel.locator(".bulk-says")).to_have_text("60 dead letters retried; none passed over.", timeout=60_000)
    expect(view.panel.locator(".canary-stage.is-done")).to_have_count(4)
    expect(card).to_have_count(0)
    eventually(lambda: completed(api, kind) == 60, "all are mended")
    assert view.focused() != "body"
    # The address holds it, and so does the list of what was done.
    view.page.reload()
    view.ready()
    expect(view.panel.locator(".bulk-says")).to_contain_text("60 dead letters retried")
    view.go("/dead-letters?view=bulk")
    view.rows.filter(has_text="Retry 60 dead letters").first.click()
    expect(view.panel.locator(".bulk-head")).to_contain_text("through")
    expect(view.find(".invariant-sum")).to_contain_text("none lost")


def test_a_cause_that_is_still_there_stops_it(api: Api, views: Views) -> None:
    kind, agent = broken(api, 40)
    before = len(agent.calls())
    view = views.open(api, "/dead-letters").live()
    view.button("Retry…", group(view, agent.id), exact=True).click()
    view.button("Retry 40", view.dialog).click()
    expect(view.panel.locator(".bulk-head")).to_contain_text("stopped itself", timeout=60_000)
    expect(view.panel.locator(".bulk-says")).to_contain_text("same failure came back")
    expect(view.panel.locator(".canary-stage.is-stopped")).to_have_count(1)
    assert len(agent.calls()) - before <= 11
    assert len(api.pages("/failed-tasks", task_type=kind, status="pending")) == 40, "none is lost: what failed again is back"


def test_it_is_paused_and_the_rest_is_left(api: Api, views: Views) -> None:
    kind, agent = broken(api, 30)
    agent.script(ok())
    view = views.open(api, f"/dead-letters?view=entries&type={kind}").live()
    expect(view.rows).to_have_count(30)
    view.page.get_by_label("Select all that are loaded").check()
    view.button("Retry…", view.find(".selection"), exact=True).click()
    expect(view.dialog.locator(".preview")).to_contain_text("30 dead letters")
    view.dialog.get_by_label("Try it on a few first").uncheck()
    view.dialog.get_by_label("At most so many a second").fill("2")
    expect(view.dialog).to_contain_text("30 at 2 a second take about 15 s")
    view.button("Retry 30", view.dialog).click()
    view.button("Pause", view.panel, exact=True).click()
    expect(view.panel.locator(".bulk-says")).to_contain_text("Paused at")
    view.button("Go on", view.panel).click()
    view.button("Cancel the rest", view.panel).click()
    expect(view.panel.locator(".bulk-says")).to_contain_text("are as they were")
    expect(view.find(".selection")).to_be_hidden()
    assert 0 < len(api.pages("/failed-tasks", task_type=kind, status="pending")) <= 30


def test_a_whole_kind_is_discarded_with_a_note(api: Api, views: Views) -> None:
    kind, agent = broken(api, 7)
    view = views.open(api, "/dead-letters").live()
    view.button("Discard…", group(view, agent.id)).click()
    view.dialog.get_by_label("Note").fill("tests of <b>yesterday</b>")
    view.button("Discard 7", view.dialog).click()
    expect(view.panel.locator(".bulk-says")).to_have_text("7 dead letters discarded; none passed over.")
    assert {entry["note"] for entry in api.pages("/failed-tasks", task_type=kind)} == {"tests of <b>yesterday</b>"}


# Chains

def step(view: View, number: int) -> Locator:
    return view.find(".step-card").nth(number - 1)


def test_a_chain_is_built_refused_at_its_fields_and_tested(api: Api, views: Views) -> None:
    kind, agent = broken(api, 4)
    name = api.name("chain")
    view = views.open(api, "/recovery").live().allow("status of 422 ")
    view.page.get_by_role("link", name="Build a chain", exact=True).click()
    view.page.get_by_label("Name", exact=True).fill(name)
    view.page.get_by_label("Task type").fill(kind)
    view.page.get_by_label("Amount at least").fill("ten")
    add = view.page.get_by_label("Add a step")
    for strategy in ("increase_timeout", "modify_input", "switch_agent"):
        add.select_option(strategy)
    step(view, 1).get_by_label("Times as long").fill("0.5")
    step(view, 2).get_by_label("Merge patch").fill('{"big": 9007199254740993')
    view.button("Create the chain").click()
    expect(step(view, 2).locator(".fault").first).to_contain_text("ends too early")
    step(view, 2).get_by_label("Merge patch").fill('{"big": 9007199254740993}')
    view.button("Create the chain").click()
    expect(view.page.get_by_label("Amount at least")).to_have_attribute("aria-invalid", "true")
    expect(step(view, 1).get_by_label("Times as long")).to_have_attribute("aria-invalid", "true")
    view.page.get_by_label("Amount at least").fill("")
    step(view, 1).get_by_label("Times as long").fill("3")
    # By keys: the last step becomes the first.
    view.find(".step-handle").nth(2).focus()
    view.page.keyboard.press("ArrowUp")
    view.page.keyboard.press("ArrowUp")
    expect(view.find(".step-handle").first).to_be_focused()
    expect(view.find(".step-editor [role=status]")).to_contain_text("switch agent is step 1 of 3 now")
    # It is tested as it stands, before it is kept.
    view.button("Test it").click()
    expect(view.find(".simulation-says")).to_contain_text("of 4")
    view.button("Create the chain").click()
    expect(view.page).to_have_url(re.compile(r"/recovery/[0-9a-f-]{36}$"))
    (made,) = [one for one in api.pages("/recovery/fallback-chain") if one["name"] == name]
    assert [one["strategy"] for one in made["steps"]] == ["switch_agent", "increase_timeout", "modify_input"]
    assert made["steps"][2]["patch"] == {"big": 9007199254740993}, "exact"
    view.button("Test it").click()
    expect(view.find(".simulation-says")).to_contain_text("of 4")
    view.page.get_by_label("Name", exact=True).fill(f"{name} two")
    view.button("Save", exact=True).click()
    expect(view.toasts).to_contain_text("version 2")
    view.go("/recovery")
    card = view.find("li.chain", has_text=f"{name} two")
    card.get_by_role("switch").uncheck()
    expect(view.find("li.chain", has_text=f"{name} two")).to_have_class(re.compile("is-off"))
    after = api.get(f"/recovery/fallback-chain/{made['id']}")
    assert after["enabled"] is False and after["steps"][2]["patch"] == {"big": 9007199254740993}
    view.button("Delete…", view.find("li.chain", has_text=f"{name} two")).click()
    view.button("Delete the chain", view.dialog).click()
    expect(view.find("li.chain", has_text=name)).to_have_count(0)


def chain(api: Api, kind: str, *steps: JSON) -> JSON:
    return api.post("/recovery/fallback-chain", {"name": api.name("chain"), "match": {"task_type": kind}, "steps": list(steps)}, expect=201)


def test_a_chain_is_followed_step_by_step(api: Api, views: Views) -> None:
    kind = api.name("walk").replace("-", ".")
    other = api.agent(ok(), id=api.name("other"))
    made = chain(api, kind, {"strategy": "retry"}, {"strategy": "modify_input", "patch": {"a": 1}, "when": {"error_types": ["timeout"]}}, {"strategy": "switch_agent", "agent_id": other.id})
    task = api.task(api.agent(400), type=kind)
    api.wait(task, "completed")
    view = views.open(api, f"/tasks/{task['id']}?tab=recovery").live()
    expect(view.find(".run")).to_contain_text(f"“{made['name']}” mended the task at step 3 of 3")
    expect(view.find(".run-step")).to_have_count(3)
    expect(view.find(".run-step.is-failed")).to_contain_text("1. retry")
    expect(view.find(".run-step.is-skipped")).to_contain_text("2. modify input")
    expect(view.find(".run-step.tone-gold")).to_contain_text("3. switch agent")
    expect(view.find(".task-mark")).to_have_text("healed")
    view.page.get_by_role("tab", name="Timeline").click()
    expect(view.find(".events")).to_contain_text("fallback succeeded")


def test_a_question_is_answered_from_the_panel(api: Api, views: Views) -> None:
    kind = api.name("ask").replace("-", ".")
    agent = api.agent(400, ok())
    chain(api, kind, {"strategy": "escalate", "message": "Is the <b>account</b> still open?", "timeout_ms": 3_600_000, "then": "fail"})
    task = api.wait(api.task(agent, type=kind, payment=PAYMENT), "waiting")
    view = views.open(api, "/").live()
    expect(view.badge("/tasks")).to_have_text(re.compile(r"\d"))
    view.find(".needs a", has_text=kind).click()
    expect(view.find(".task-mark")).to_have_text("needs a person")
    expect(view.find(".why")).to_contain_text("fails by itself in")
    expect(view.find(".decision")).to_contain_text("Is the <b>account</b> still open?")
    expect(view.find(".decision")).to_contain_text("$250.00 at stake")
    view.go(f"/tasks?task={task['id']}&tab=recovery")
    view.button("Try again", view.panel.locator(".decision")).click()
    view.dialog.get_by_label("Note").fill("asked the bank")
    view.button("Try again", view.dialog, exact=True).click()
    expect(view.panel.locator(".task-mark")).to_have_text("healed")
    expect(view.panel.locator(".decision")).to_have_count(0)
    (resumed,) = api.told(task, "task_resumed")
    assert resumed["data"]["note"] == "asked the bank" and resumed["actor"] == "user:admin"
    assert view.focused() != "body"


def test_a_question_is_answered_with_an_output(api: Api, views: Views) -> None:
    kind = api.name("fill").replace("-", ".")
    chain(api, kind, {"strategy": "escalate", "message": "Which number?"})
    task = api.wait(api.task(api.agent(400), type=kind), "waiting")
    view = views.open(api, f"/tasks/{task['id']}?tab=recovery").live()
    view.button("Complete it with an output", view.find(".decision")).click()
    view.dialog.get_by_label("Output").fill('{"number": ')
    view.button("Complete it", view.dialog, exact=True).click()
    expect(view.dialog.get_by_label("Output")).to_have_attribute("aria-invalid", "true")
    view.dialog.get_by_label("Output").fill('{"number": 9007199254740993}')
    view.button("Complete it", view.dialog, exact=True).click()
    expect(view.find(".task-mark")).to_have_text("healed")
    assert api.show(task)["output"] == {"number": 9007199254740993}


def test_what_could_help_is_done_from_the_task(api: Api, views: Views) -> None:
    agent = api.agent(503, ok(), breaker=CALM)
    task = api.run(agent, "failed", retry_policy=ONCE)
    view = views.open(api, f"/tasks/{task['id']}?tab=recovery").live()
    way = view.find(".strategy", has=view.page.get_by_text("retry", exact=True)).first
    expect(way).to_contain_text(re.compile("not tried here yet|too few to say|%"))
    view.button("Retry now", way).click()
    expect(view.find(".task-mark")).to_have_text("healed")


def test_the_catalogue_is_told_by_error(api: Api, views: Views) -> None:
    view = views.open(api, "/recovery").live()
    view.find(".error-types a", has_text="rate limit").click()
    expect(view.find(".error-detail h3")).to_have_text("rate limit")
    assert view.place == "/recovery?error=rate_limit"
    expect(view.find(".error-detail .strategy")).not_to_have_count(0)
    view.page.get_by_role("link", name="Build a chain from the first three").click()
    expect(view.find(".step-card")).to_have_count(3)
    expect(view.find(".error-picker summary").first).to_contain_text("rate limit")


# Alerts

def alert(view: View, agent: str) -> Locator:
    return view.find(".alert-row", has_text=agent)


def test_an_alert_is_taken_on_and_ends_when_its_cause_does(api: Api, views: Views) -> None:
    kind, agent = broken(api, 3)
    view = views.open(api, "/alerts").live()
    expect(view.badge("/alerts")).to_have_text(re.compile(r"\d"))
    row = alert(view, agent.id)
    expect(row).to_contain_text("3 tasks")
    (fired,) = [one for one in api.pages("/alerts", status="firing") if one["agent_id"] == agent.id]
    view.load(f"/alerts/{fired['id']}").live()
    expect(view.panel.locator("h2")).to_contain_text("3 tasks")
    view.button("Acknowledge", row).click()
    expect(row).to_have_count(0)
    view.button("Taken on").click()
    alert(view, agent.id).locator(".alert-title a").click()
    expect(view.panel).to_contain_text("by admin")
    expect(view.panel.locator(".alert-tasks li")).to_have_count(3)
    view.panel.get_by_role("link", name="Its 3 dead letters").click()
    expect(view.rows).to_have_count(3)
    agent.script(ok())
    view.menu("Act on all that match", "Retry all that match")
    view.button("Retry 3", view.dialog).click()
    eventually(lambda: completed(api, kind) == 3, "all are mended")
    view.go("/alerts?status=resolved")
    expect(alert(view, agent.id)).to_have_count(1)


def test_an_alert_is_silenced_for_a_while(api: Api, views: Views) -> None:
    kind, agent = broken(api, 1)
    view = views.open(api, "/alerts").live()
    view.button("Silence…", alert(view, agent.id)).click()
    view.dialog.get_by_label("How long").select_option(label="4 hours")
    expect(view.dialog).to_contain_text("Then channels are told again")
    view.dialog.get_by_label("Comment").fill("on it")
    view.button("Keep silent", view.dialog).click()
    expect(alert(view, agent.id)).to_contain_text("silenced")
    view.button("Silences").click()
    row = view.find(".alert-row", has_text="on it")
    expect(row).to_contain_text("ends in 3 h")
    view.button("End it now", row).click()
    expect(row).to_have_count(0)
    assert not [one for one in api.pages("/alert-silences") if one["comment"] == "on it"]


def test_a_channel_is_made_tested_and_told(api: Api, views: Views) -> None:
    path = f"/{api.name('hook')}"
    api.hell.script(path, ok())
    name = api.name("channel")
    view = views.open(api, "/alerts?view=channels").live().allow("status of 422 ")
    view.button("Add a channel").first.click()
    view.button("Add the channel", view.dialog).click()
    expect(view.dialog.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    view.dialog.get_by_label("Name", exact=True).fill(name)
    view.dialog.get_by_label("Address").fill(api.hell.url + path)
    view.dialog.get_by_text("Which alerts, how often, quiet hours").click()
    view.dialog.get_by_label("Again while it fires, every").fill("2 h")
    view.button("Add the channel", view.dialog).click()
    expect(view.dialog.locator(".secret code")).to_have_text(re.compile("^whsec_"))
    view.button("I have stored it").click()
    card = view.find(".channel", has_text=name)
    expect(card).to_contain_text("every 2 h while it fires")
    view.button("Send test", card).click()
    expect(card.locator(".channel-test")).to_contain_text("The test was delivered: HTTP 200")
    (call,) = api.hell.calls(path)
    assert call["body"]["type"] == "alert.test"
    card.get_by_role("link", name="Deliveries").click()
    expect(view.panel.locator(".delivery")).to_have_count(1)
    expect(view.panel.locator(".delivery")).to_contain_text("delivered")
    view.button("Edit…", card).click()
    view.dialog.get_by_label("Told of").select_option("critical")
    view.button("Save", view.dialog).click()
    expect(card).to_contain_text("critical only")
    (channel,) = [one for one in api.pages("/alert-channels") if one["name"] == name]
    assert channel["config"]["url"] == api.hell.url + path and channel["min_severity"] == "critical"
    view.button("Switch off", card).click()
    expect(card).to_contain_text("switched off")
    view.button("Delete…", card).click()
    view.button("Delete the channel", view.dialog).click()
    expect(card).to_have_count(0)


def test_a_test_that_does_not_arrive_says_why(api: Api, views: Views) -> None:
    path = f"/{api.name('hook')}"
    api.hell.script(path, {"status": 400})
    name = api.name("channel")
    api.post("/alert-channels", {"kind": "webhook", "name": name, "config": {"url": api.hell.url + path}}, expect=201)
    view = views.open(api, "/alerts?view=channels").live()
    card = view.find(".channel", has_text=name)
    view.button("Send test", card).click()
    expect(card.locator(".channel-test")).to_contain_text("400")
    api.call("DELETE", f"/alert-channels/{next(one['id'] for one in api.pages('/alert-channels') if one['name'] == name)}", expect=204)
