"""What can be counted: bytes, requests, elements. Times are printed and never judged."""

from __future__ import annotations

import gzip
import os
import re
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from harness import Api, JSON, eventually
from views import ROOMS, View, Views

#: Scripts and styles of a page when it is first opened, compressed one by one as they are sent.
MOST_BYTES = 120_000
#: Elements that a page has with 5,000 active tasks.
MOST_ELEMENTS = 4_000


def enter_every_room(view: View) -> None:
    for path, _, _ in ROOMS:
        view.go(path)
        expect(view.find(".main h1:visible").first).to_be_visible()
        view.settled()
    view.go("/tasks/01a00000-0000-7000-8000-000000000000")
    expect(view.find("k-task-page")).to_be_visible()
    view.settled()


def test_scripts_and_styles_are_small(api: Api, views: Views, capsys: pytest.CaptureFixture[str]) -> None:
    view = views.open(api, reduced_motion="reduce").live().settled().allow("status of 404 ")
    first = {url for url in view.requests + _modules(view) if re.search(r"/assets/.*\.(js|css)$", url)}
    enter_every_room(view)
    files = sorted({url for url in view.requests if re.search(r"/assets/.*\.(js|css)$", url)} | {url for url in _modules(view)})
    sizes = {url: len(gzip.compress(requests.get(url, timeout=10).content, 9)) for url in files}
    served = {url: _sent(url) for url in files}
    total = sum(sizes.values())
    with capsys.disabled():
        largest = ", ".join(f"{url.rsplit('/', 1)[1]} {size}" for url, size in sorted(sizes.items(), key=lambda one: -one[1])[:4])
        print(f"\n    scripts and styles: {len(files)} files, {total} bytes gzip ({sum(served.values())} as sent), of which {len(first)} files, "
              f"{sum(sizes[url] for url in first)} bytes for the first page; largest: {largest}")
    assert 20 < len(first) < len(files), "a room's modules come when it is entered"
    assert sum(sizes[url] for url in first) < MOST_BYTES


def _modules(view: View) -> list[str]:
    """What the page has fetched, the worker's part included, as the browser counts it."""
    return [url for url in view.page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)") if re.search(r"\.(js|css)$", url)]


def _sent(url: str) -> int:
    with requests.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10) as response:
        return len(response.raw.read(decode_content=False))


def test_the_first_page_asks_for_each_thing_once(api: Api, views: Views, capsys: pytest.CaptureFixture[str]) -> None:
    view = views.open(api, reduced_motion="reduce").live().settled()
    files = [url for url in view.requests if "/api/" not in url]
    asked = [url for url in view.requests if "/api/" in url]
    with capsys.disabled():
        print(f"\n    first load: {len(files)} files, {len(asked)} requests of the API")
    assert len(files) == len(set(files)), sorted(url for url in files if files.count(url) > 1)
    assert all(url.startswith(view.origin) for url in files + asked)
    # Twice only where the stream began late, so that what was loaded before it is loaded anew.
    assert max(asked.count(url) for url in asked) <= 2, asked
    assert len(asked) <= 16


def many(api: Api, number: int) -> str:
    """So many active tasks of a type of their own, which wait for an agent that is paused."""
    kind = api.name("many").replace("-", ".")
    agent = api.agent(paused=True, id=f"{kind.replace('.', '-')}")
    for _ in range(number // 1000):
        api.post("/tasks/batch", {"tasks": [{"type": kind, "agent_id": agent.id}] * 1000}, expect=201)
    return kind


ELEMENTS = "() => document.querySelectorAll('*').length"


def test_the_page_stays_small_with_five_thousand_active_tasks(serve, views: Views, capsys: pytest.CaptureFixture[str]) -> None:
    api: Api = serve()
    kind = many(api, 5_000)
    view = views.open(api).live()
    expect(view.find("k-active-tasks")).to_contain_text("All 5,000 active tasks")
    counts: dict[str, int] = {"overview": view.page.evaluate(ELEMENTS)}
    view.go(f"/tasks?q=type%3A{kind}")
    expect(view.rows.first).to_be_visible()
    loaded = 0
    while loaded < 600:
        view.find("k-tasks .split-list").evaluate("one => one.scrollTo(0, one.scrollHeight)")
        view.page.wait_for_function("least => Number(/([\\d,]+) task/.exec(document.querySelector('k-tasks .screen-head').textContent)?.[1].replace(',', '')) > least", arg=loaded)
        loaded = int(re.search(r"([\d,]+) task", view.find("k-tasks .screen-head").inner_text())[1].replace(",", ""))  # type: ignore[index]
        counts[f"{loaded} rows"] = view.page.evaluate(ELEMENTS)
    view.find("k-tasks .split-list").evaluate("one => one.scrollTo(0, one.scrollHeight / 2)")
    view.page.wait_for_function("() => [...document.querySelectorAll('tr[data-key]')].some((one) => { const {top, bottom} = one.getBoundingClientRect(); return top < 300 && bottom > 200; })")
    assert view.rows.count() < 120, "a virtual list"
    assert max(counts.values()) < MOST_ELEMENTS, counts
    with capsys.disabled():
        print(f"\n    elements: {counts['overview']} on the overview, {view.page.evaluate(ELEMENTS)} in a list of {loaded}")


@pytest.mark.skipif(not os.environ.get("KINTSUGI_BROWSER_LOAD"), reason="takes a minute: KINTSUGI_BROWSER_LOAD=1")
@pytest.mark.parametrize("path", ["/", "/tasks", "/live"])
def test_long_tasks_under_load_are_printed(serve, views: Views, capsys: pytest.CaptureFixture[str], path: str) -> None:
    """5,000 active tasks and about 50 events a second. On a busy machine the figures say little: they are not judged."""
    api: Api = serve()
    many(api, 5_000)
    agent = api.agent()
    view = views.open(api, path).live().settled()
    view.collect()
    view.page.evaluate("""() => { window.long = []; new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => Math.round(one.duration)))).observe({type: 'longtask'}); }""")
    before: list[JSON] = []
    while len(view.collected()) < 1_000:
        # Each task makes five events; ten a second are enough, and the page's own answers set the pace.
        before += [api.task(agent)]
        eventually(lambda: len(view.collected()) >= 4 * len(before), "the page keeps up")
    long: list[int] = view.page.evaluate("() => window.long")
    took: Any = view.page.evaluate("() => [collected[0].at, collected.at(-1).at].map(Date.parse).reduce((a, b) => b - a)")
    with capsys.disabled():
        print(f"\n    {path}: {len(view.collected())} events in {took / 1000:.1f} s; long tasks: {len(long)}, the longest {max(long, default=0)} ms")
