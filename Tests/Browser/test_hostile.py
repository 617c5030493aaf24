"""What comes from outside is text, wherever it is shown: no element is made of it, nothing runs, nothing is followed."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from playwright.sync_api import expect

from harness import Api, JSON, stamp
from views import ROOMS, TABS, View, Views

MARK = "pwn-marker"
HTML = f'<img src=x onerror="window.pwned=1"><script>window.pwned=2</script><a href="javascript:window.pwned=3">{MARK}</a><svg onload=window.pwned=4></svg>"\'><iframe srcdoc="<script>parent.pwned=5</script>">'
LINK = "javascript:window.pwned=6"
TEMPLATE = "{{constructor.constructor('window.pwned=7')()}} ${window.pwned=8} <k-task task-id=x></k-task>"
#: Control characters, a turn of the writing's direction, nothing at all, and half of a pair.
UNSEEN = "bell\u0007 escape\u001b[31m turn\u202egnp.exe\u202c nothing\u200b\ufeff end"
ALL = f"{HTML} {LINK} {TEMPLATE} {UNSEEN}"


@pytest.fixture(scope="module")
def planted(api: Api) -> dict[str, Any]:
    """A task that carries it in every member that takes text, failed, cancelled, completed and under way."""
    user = "<b>eve</b>"
    rich: JSON = {
        "input": {HTML: [HTML, LINK, TEMPLATE, UNSEEN, {"__proto__": {"polluted": True}, "constructor": HTML}], "text": ALL},
        "metadata": {"html": HTML, "link": LINK, HTML[:60]: TEMPLATE, "unseen": UNSEEN},
        "payment": {"amount": "250.00", "currency": "USD", "kind": "payment", "reference": HTML[:100], "payer": LINK, "payee": TEMPLATE[:100]},
    }
    says = {"status": 400, "body": {"error": ALL, "message": ALL, "detail": HTML}}
    broken = api.agent(says, name=HTML[:100])
    failed = api.run(broken, "failed", **rich)
    done = api.run(api.agent({"status": 200, "body": {"html": HTML, "text": ALL, "list": [LINK, HTML]}}), **rich)
    late = api.agent({"status": 202})
    running = api.task(late, timeout_ms=3_600_000, **rich)
    call = late.called()[0]
    api.report(call, "progress", {"percent": 50, "message": ALL})
    reported = api.task(late, **rich)
    api.report(late.called(2)[1], "fail", {"message": ALL, "retryable": False})
    api.wait(reported, "failed")
    cancelled = api.task(api.agent(paused=True), **rich)
    api.post(f"/tasks/{cancelled['id']}/cancel", {"reason": ALL[:480]})
    closed = api.run(broken, "failed", **rich)
    api.post(f"/failed-tasks/{api.entry(closed)['id']}/resolve", {"note": ALL[:1900]}, expect=200)
    api.post(f"/tasks/{closed['id']}/retry", {"input": {"edited": HTML}, "reason": ALL[:480]}, expect=202)
    api.wait(closed, "failed", round=2)
    api.open_breaker(broken.id, reason=ALL[:1900])
    chain = api.post("/recovery/fallback-chain", {"name": HTML[:190], "match": {"task_type": "hostile.asked"}, "steps": [
        {"strategy": "modify_input", "patch": {HTML: LINK}}, {"strategy": "escalate", "message": ALL[:900]}]}, expect=201)
    asked = api.wait(api.task(broken, **rich | {"type": "hostile.asked"}), "waiting")
    channel = api.post("/alert-channels", {"kind": "log", "name": HTML[:190], "config": {}}, expect=201)
    api.post(f"/alert-channels/{channel['id']}/test", expect=202)
    api.post("/alert-silences", {"match": {"task_type": "hostile.none"}, "ends_at": stamp(3600), "comment": ALL[:480]}, expect=201)
    bulk = api.post("/failed-tasks/bulk", {"action": "discard", "filter": {"agent": "nobody"}, "note": ALL[:1900]}, expect=202)
    return {"chain": chain["id"], "asked": asked, "channel": channel["id"], "bulk": bulk["id"], "failed": failed, "done": done, "running": running, "reported": reported, "cancelled": cancelled, "closed": closed,
            "entry": api.entry(failed), "agent": broken.id, "user": user}


def harmless(view: View) -> None:
    found = view.page.evaluate("""() => ({
        pwned: window.pwned ?? null, polluted: ({}).polluted ?? null,
        scripts: [...document.querySelectorAll('script')].filter((one) => !one.src.includes('/assets/')).length,
        made: [...document.querySelectorAll('img, iframe, object, embed, form[action], svg[onload], b, [srcdoc], [onerror], [onload], [onclick], [style*="expression"]')].map((one) => one.outerHTML.slice(0, 120)),
        links: [...document.querySelectorAll('[href], [src], [action]')].map((one) => one.getAttribute('href') ?? one.getAttribute('src'))
            .filter((one) => one && !one.startsWith('/') && !one.startsWith('?') && !one.startsWith('#') && !one.startsWith(location.origin)),
    })""")
    assert found == {"pwned": None, "polluted": None, "scripts": 0, "made": [], "links": []}, found


def places(planted: dict[str, Any]) -> list[str]:
    tasks = [planted[name]["id"] for name in ("failed", "done", "running", "reported", "cancelled", "closed", "asked")]
    entry = planted["entry"]["id"]
    return [path for path, _, _ in ROOMS] + [f"/tasks/{id}?tab={tab}" for id in tasks for tab in TABS] + [
        "/dead-letters?view=entries&status=all", f"/dead-letters/{entry}", f"/dead-letters?view=entries&entry={entry}",
        f"/recovery/{planted['chain']}", "/alerts?view=channels", f"/alerts?view=channels&channel={planted['channel']}", "/alerts?view=silences", f"/dead-letters?bulk={planted['bulk']}", "/dead-letters?view=bulk",
        f"/agents?agent={planted['agent']}", f"/agents/{planted['agent']}", f"/live?task={planted['reported']['id']}&seq=2",
    ]


def test_it_is_text_on_every_screen(api: Api, planted: dict[str, Any], views: Views) -> None:
    view = views.open(api).live().allow("status of 404 ")
    shown = 0
    for place in places(planted):
        view.go(place)
        expect(view.find(".main h1:visible, .main h2:visible, .main h3:visible").first).to_be_visible()
        view.settled()
        harmless(view)
        shown += view.find("body").inner_text().count(MARK)
    assert shown > 20, "it was there to be seen"
    assert view.loads == 1 and len(view.context.pages) == 1


def test_it_is_text_in_opened_events_and_everything_hovered(api: Api, planted: dict[str, Any], views: Views) -> None:
    view = views.open(api, f"/tasks/{planted['closed']['id']}?tab=timeline").live().allow("status of 404 ")
    buttons = view.find(".event-open:visible")
    expect(buttons.first).to_be_visible()
    for button in buttons.all():
        button.click()
    expect(view.find(".event-json:visible").first).to_contain_text("<img src=x")
    harmless(view)
    search = view.page.get_by_label("Filter events by text")
    search.fill("<img")
    expect(view.find(".event:visible").first).to_be_visible()
    harmless(view)


def test_what_cannot_be_seen_is_written_out(api: Api, planted: dict[str, Any], views: Views) -> None:
    view = views.open(api, f"/tasks/{planted['done']['id']}?tab=payload").live()
    shown = view.find(".payloads")
    for written in ("\\u0007", "\\u001b", "\\u202e", "\\u200b", "\\ufeff"):
        expect(shown.locator(".json-escape", has_text=written).first).to_be_visible()
    text = shown.inner_text()
    assert not re.search("[\u0000-\u0008\u200b\u202a-\u202e\ufeff]", text), "none of them as it is"
    harmless(view)


def test_no_text_turns_the_words_around_it(api: Api, planted: dict[str, Any], views: Views) -> None:
    """A turn of the direction that is not written out must at least end with its own element."""
    view = views.open(api, f"/tasks?task={planted['failed']['id']}").live()
    expect(view.row(planted["failed"]).locator(".cell-sub")).to_contain_text("img src=x")
    loose = view.page.evaluate("""() => {
        const wrong = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            if (!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(node.data)) continue;
            const bidi = getComputedStyle(node.parentElement).unicodeBidi;
            const isBlock = !getComputedStyle(node.parentElement).display.startsWith('inline');
            if (!isBlock && !/isolate|plaintext/.test(bidi)) wrong.push(node.parentElement.outerHTML.slice(0, 200));
        }
        return wrong;
    }""")
    assert loose == []


def test_addresses_are_text_too(api: Api, planted: dict[str, Any], views: Views) -> None:
    view = views.open(api, f"/tasks?q={HTML.replace('#', '%23').replace('&', '%26')}").live().allow("status of 4(04|22) ")
    harmless(view)
    for place in (f"/tasks/{HTML[:40]}", f"/agents/{HTML[:40]}", f"/dead-letters/{LINK}", "/tasks?task=<img src=x onerror=window.pwned=9>", "/live?q=<img src=x>&task=<b>&seq=<b>",
                  "/?from=<b>1&to=<b>2", "/dead-letters?view=entries&type=<img src=x>&agent=<b>&group=<b>", "/recovery/new?error=<b>&steps=<img src=x>&type=<b>", "/recovery?error=<b>", "/alerts?alert=<img src=x>", "/dead-letters?bulk=<img src=x>",
                  "/alerts?view=channels&channel=<b>", "//evil.example/", "/\\evil.example"):
        view.page.evaluate("place => { try { history.pushState(null, '', place); dispatchEvent(new PopStateEvent('popstate')); } catch {} }", place)
        view.settled()
        harmless(view)
        assert view.page.url.startswith(view.origin + "/")


def test_copies_for_the_shell_are_quoted(api: Api, planted: dict[str, Any], views: Views) -> None:
    view = views.open(api, f"/tasks/{planted['failed']['id']}?tab=attempts", permissions=["clipboard-read", "clipboard-write"]).live()
    view.button("cURL", view.find(".attempts")).first.click()
    expect(view.toasts).to_contain_text(re.compile("cop", re.I))
    text = view.page.evaluate("navigator.clipboard.readText()")
    words = shlex.split(text.replace("\\\n", " "))
    assert words[0] == "curl", words
    payload = next(word for word in words if word.startswith("{"))
    assert json.loads(payload)["input"]["text"] == ALL
