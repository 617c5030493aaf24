"""What a person does to tasks and dead letters, from the page, and what becomes of it."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import expect

from harness import Api, eventually, ok
from story import completed, failures
from views import View, Views

BIG = '{"id": 9223372036854775807, "price": 0.1000, "huge": 123456789012345678901234567890, "tiny": 1e-7, "more": {"deep": 18446744073709551615}}'
ONCE = {"max_attempts": 1}


def raw_task(api: Api, agent: str, payload: str) -> dict:
    """A task whose input goes out exactly as it is written here."""
    return api.call("POST", "/tasks", data=f'{{"type":"exact.numbers","agent_id":"{agent}","input":{payload}}}'.encode(), expect=201).json()


def test_a_retry_from_the_panel_goes_through_the_dead_letters(api: Api, views: Views) -> None:
    agent = api.agent(400, ok(mended=True))
    failed = api.run(agent, "failed")
    entry = api.entry(failed)
    view = views.open(api, f"/tasks?task={failed['id']}").live()
    view.button("Retry", view.panel.locator(".task-acts"), exact=True).click()
    expect(view.panel.locator(".task-mark")).to_have_text("healed")
    expect(view.row(failed).locator(".seam-gold")).to_have_count(1)
    after = api.get(f"/failed-tasks/{entry['id']}")
    assert after["status"] == "retried" and after["closed_by"] == "user:admin"
    assert view.loads == 1 and view.focused() != "body"


def test_a_cancel_from_the_page_gives_its_reason(api: Api, views: Views) -> None:
    task = api.task(api.agent({"wait": 60}))
    view = views.open(api, f"/tasks/{task['id']}").live()
    view.button("Cancel", view.find(".task-acts"), exact=True).click()
    view.dialog.get_by_label("Reason").fill("it is <b>not</b> needed")
    view.dialog.get_by_label("Reason").press("Enter")
    expect(view.find(".task-mark")).to_have_text("cancelled")
    (event,) = api.told(task, "task_cancelled")
    assert event["data"]["reason"] == "it is <b>not</b> needed"
    view.page.get_by_role("tab", name="Timeline").click()
    expect(view.find(".events")).to_contain_text("it is <b>not</b> needed")
    assert view.focused() != "body"


def test_edit_and_retry_shows_what_changes(api: Api, views: Views) -> None:
    agent = api.agent(400, ok())
    failed = api.run(agent, "failed", input={"card": "expired", "cents": 25000})
    view = views.open(api, f"/tasks/{failed['id']}").live()
    view.menu("Ways to retry", "With edited input")
    text = view.dialog.get_by_label("Input")
    expect(view.dialog).to_contain_text("Nothing has changed yet")
    text.fill(text.input_value().replace('"expired"', '"renewed"'))
    expect(view.dialog.locator(".diff-line.is-gone")).to_contain_text('"card": "expired"')
    expect(view.dialog.locator(".diff-line.is-new")).to_contain_text('"card": "renewed"')
    expect(view.dialog).to_contain_text("1 line new, 1 line gone")
    text.fill('{"card": ')
    expect(view.dialog.get_by_role("status")).to_contain_text("line 1, column 10")
    expect(text).to_have_attribute("aria-invalid", "true")
    view.button("Retry with this input").click()
    expect(view.dialog).to_be_visible()
    text.fill('{"card": "renewed", "cents": 25000}')
    view.dialog.get_by_label("Reason").fill("the card was renewed")
    view.button("Retry with this input").click()
    expect(view.dialog).to_have_count(0)
    expect(view.find(".task-mark")).to_have_text("healed")
    assert agent.calls(failed)[-1]["body"]["input"] == {"card": "renewed", "cents": 25000}
    (edited,) = api.told(failed, "input_edited")
    assert edited["data"]["before"]["card"] == "expired" and edited["data"]["after"]["card"] == "renewed"


def test_large_numbers_survive_display_copy_and_edit(api: Api, views: Views) -> None:
    agent = api.agent({"status": 400})
    failed = raw_task(api, agent.id, BIG)
    api.wait(failed, "failed")
    view = views.open(api, f"/tasks/{failed['id']}?tab=payload", permissions=["clipboard-read", "clipboard-write"]).live()
    numbers = ["9223372036854775807", "0.1000", "123456789012345678901234567890", "1e-7", "18446744073709551615"]
    shown = view.find(".payloads")
    for number in numbers:
        expect(shown).to_contain_text(number)
    line = view.find(".json-line", has_text="9223372036854775807").first
    line.hover()
    line.get_by_role("button", name=re.compile("value", re.I)).first.click()
    eventually(lambda: view.page.evaluate("navigator.clipboard.readText()") == "9223372036854775807", "it is in the clipboard as it was written")
    view.button("Edit and retry").click()
    text = view.dialog.get_by_label("Input")
    assert all(number in text.input_value() for number in numbers)
    text.fill(text.input_value().replace("1e-7", "2E-7"))
    expect(view.dialog).to_contain_text("1 line new, 1 line gone")
    agent.script(ok())
    view.button("Retry with this input").click()
    expect(view.find(".task-mark")).to_have_text("healed")
    sent = agent.calls(failed)[-1]["raw"]
    assert all(number in sent for number in numbers if number != "1e-7") and "2E-7" in sent, sent
    for number in ("9223372036854775807", "0.1000", "2E-7"):
        expect(shown).to_contain_text(number)


def test_an_edit_that_was_overtaken_is_told(api: Api, views: Views) -> None:
    failed = api.run(api.agent(400), "failed", input={"n": 1})
    view = views.open(api, f"/tasks/{failed['id']}").live().allow("status of 4(09|12) ")
    view.menu("Ways to retry", "With edited input")
    view.dialog.get_by_label("Input").fill('{"n": 2}')
    api.post(f"/tasks/{failed['id']}/retry", {}, expect=202)
    api.wait(failed, "failed", round=2)
    view.button("Retry with this input").click()
    expect(view.dialog.get_by_role("alert")).to_contain_text("changed in the meantime")
    assert api.show(failed)["input"] == {"n": 1}


def test_a_retry_elsewhere(api: Api, views: Views) -> None:
    other = api.agent(ok(), capabilities=["odd.job"])
    failed = api.run(api.agent(400), "failed", type="odd.job")
    view = views.open(api, f"/tasks/{failed['id']}").live()
    view.menu("Ways to retry", "On another agent")
    view.dialog.get_by_label("Agent").select_option(other.id)
    view.button("Retry there").click()
    expect(view.find(".task-mark")).to_have_text("healed")
    assert len(other.calls(failed)) == 1


@pytest.mark.parametrize("act, status", [("Resolve", "resolved"), ("Discard", "discarded")])
def test_a_dead_letter_is_closed_with_a_note(api: Api, views: Views, act: str, status: str) -> None:
    entry = api.entry(api.run(api.agent(400), "failed"))
    view = views.open(api, f"/dead-letters?view=entries&entry={entry['id']}").live()
    view.button(re.compile(f"^{act}"), view.panel.locator("k-letter")).first.click()
    view.dialog.get_by_label("Note").fill("mended by hand")
    view.button(act, view.dialog, exact=True).click()
    expect(view.dialog).to_have_count(0)
    expect(view.panel.locator("k-letter")).to_contain_text("mended by hand")
    after = api.get(f"/failed-tasks/{entry['id']}")
    assert (after["status"], after["note"], after["closed_by"]) == (status, "mended by hand", "user:admin")
    assert view.focused() != "body"


def test_fifty_are_retried_from_the_list(api: Api, views: Views) -> None:
    kind, ids = failures(api, 50)
    view = views.open(api, f"/tasks?q=status%3Afailed+type%3A{kind}").live()
    expect(view.rows).to_have_count(50)
    view.page.get_by_label("Select all that are loaded").check()
    expect(view.find(".selection")).to_contain_text("50 tasks selected")
    view.button("Retry", view.find(".selection")).click()
    expect(view.dialog.locator(".preview")).to_contain_text("50 tasks")
    view.button("Retry 50", view.dialog).click()
    expect(view.panel.locator(".bulk-says")).to_have_text("50 tasks retried; none passed over.")
    eventually(lambda: completed(api, kind) == 50, "all complete")
    expect(view.find(".selection")).to_be_hidden()


def test_what_cannot_be_done_is_told_with_its_reason(api: Api, views: Views) -> None:
    kind, ids = failures(api, 3)
    view = views.open(api, f"/tasks?q=type%3A{kind}").live()
    expect(view.rows).to_have_count(3)
    view.page.get_by_label("Select all that are loaded").check()
    api.post(f"/tasks/{ids[0]}/retry", {}, expect=202)
    api.wait({"id": ids[0]}, "completed")
    view.button("Retry", view.find(".selection")).click()
    view.button(re.compile("^Retry [23]$"), view.dialog).click()
    expect(view.panel.locator(".bulk-says")).to_contain_text("2 tasks retried")
    eventually(lambda: completed(api, kind) == 3, "all complete")


def test_all_that_match_are_retried_from_the_dead_letters(api: Api, views: Views) -> None:
    kind, ids = failures(api, 50)
    view = views.open(api, f"/dead-letters?view=entries&type={kind}").live()
    expect(view.rows).to_have_count(50)
    view.menu("Act on all that match", "Retry all that match")
    expect(view.dialog.locator(".preview")).to_contain_text("50 dead letters")
    view.button("Retry 50", view.dialog).click()
    expect(view.panel.locator(".bulk-says")).to_have_text("50 dead letters retried; none passed over.")
    eventually(lambda: completed(api, kind) == 50, "all complete")
    summary = api.get("/failed-tasks/summary")
    assert summary["in"] == summary["out"] + summary["pending"]


@pytest.mark.skipif(not os.environ.get("KINTSUGI_BROWSER_LOAD"), reason="takes minutes: KINTSUGI_BROWSER_LOAD=1")
def test_five_thousand_are_retried_from_the_list(serve, views: Views) -> None:
    api: Api = serve()
    kind, ids = failures(api, 5_000)
    view = views.open(api, f"/tasks?q=status%3Afailed+type%3A{kind}").live()
    expect(view.rows.first).to_be_visible()
    view.page.get_by_label("Select all that are loaded").check()
    view.menu("Act on all that match", "Retry all that match")
    view.button("Retry 5,000", view.dialog).click()
    expect(view.panel.locator(".bulk-says")).to_have_text("5,000 tasks retried; none passed over.", timeout=900_000)
    eventually(lambda: completed(api, kind) == 5_000, "all complete", timeout=300)
