"""Times: the way that was chosen, everywhere; and a wrong clock here shows nothing absurd."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import expect

from harness import Api, seconds
from story import Story, tell
from views import View, Views

TOKYO = timedelta(hours=9)
CLOCK = re.compile(r"\b(\d\d):(\d\d)\b")


@pytest.fixture(scope="module")
def story(api: Api) -> Story:
    return tell(api)


def at(stamp: str, ahead: timedelta) -> str:
    """`17:02:11` of a time there."""
    return (datetime.fromtimestamp(int(seconds(stamp)), timezone.utc) + ahead).strftime("%H:%M:%S")


def zone(view: View, name: str) -> None:
    view.menu("How times are shown", name)


def test_rows_details_and_axes_honour_the_zone(story: Story, views: Views) -> None:
    healed = story.healed
    view = views.open(story.api, f"/tasks?task={healed['id']}", timezone_id="Asia/Tokyo").live()
    made = view.row(healed).locator("time")
    expect(made).to_have_text(re.compile(r"^(just now|\d+ (s|min) ago)$"))
    expect(made).to_have_attribute("datetime", healed["created_at"])
    for name, ahead in (("Local time", TOKYO), ("UTC", timedelta())):
        zone(view, name)
        clock = at(healed["created_at"], ahead)
        expect(made).to_have_text(re.compile(f"{clock}$"))
        expect(view.panel.locator(".task-facts time").first).to_have_text(re.compile(f"{clock}$"))
        expect(made).to_have_attribute("title", re.compile(rf"{at(healed['created_at'], TOKYO)} UTC\+09:00 · {healed['created_at']}"))
    view.page.reload()
    view.ready()
    expect(made).to_have_text(re.compile(at(healed["created_at"], timedelta())))
    zone(view, "Relative")
    expect(made).to_have_text(re.compile("ago$"))


@pytest.mark.parametrize("name, ahead", [("Local time", TOKYO), ("UTC", timedelta())])
def test_the_axis_of_the_chart_honours_the_zone(story: Story, views: Views, name: str, ahead: timedelta) -> None:
    view = views.open(story.api, "/", timezone_id="Asia/Tokyo").live()
    zone(view, name)
    chart = view.find("figure.chart")
    expect(chart).to_be_visible()
    hour = (datetime.now(timezone.utc) + ahead).hour
    hours = {f"{hour:02d}", f"{(hour - 1) % 24:02d}", f"{(hour + 1) % 24:02d}"}
    def labels() -> list[str]:
        return [text for text in chart.locator("svg text").all_text_contents() if CLOCK.fullmatch(text)]
    view.page.wait_for_function("hours => { const all = [...document.querySelectorAll('figure.chart svg text')].map((one) => one.textContent).filter((one) => /^\\d\\d:\\d\\d$/.test(one)); return all.length > 2 && all.every((one) => hours.includes(one.slice(0, 2))); }", arg=list(hours))
    assert len(labels()) > 2


def test_the_timeline_counts_from_the_start_or_by_the_clock(story: Story, views: Views) -> None:
    view = views.open(story.api, f"/tasks/{story.healed['id']}?tab=timeline", timezone_id="Asia/Tokyo").live()
    expect(view.find(".event-time").first).to_have_text("+0.000 s")
    view.button("Clock", exact=True).click()
    expect(view.find(".event-time").first).to_have_text(re.compile(at(story.healed["created_at"], TOKYO)))
    zone(view, "UTC")
    expect(view.find(".event-time").first).to_have_text(re.compile(at(story.healed["created_at"], timedelta())))


WRONG = "{ const real = Date; const off = %d; globalThis.Date = class extends real { constructor(...a) { if (a.length) super(...a); else super(real.now() + off); } static now() { return real.now() + off; } }; }"


@pytest.mark.parametrize("minutes", [10, -10, 60 * 24 * 400])
def test_a_wrong_clock_shows_nothing_absurd(story: Story, views: Views, minutes: int) -> None:
    view = views.open(story.api, "/", script=WRONG % (minutes * 60_000)).live()
    fresh = story.api.task(story.api.agent({"wait": 60}))
    row = view.active(fresh)
    expect(row.locator(".active-elapsed")).to_have_text(re.compile(r"^0:[0-5]\d$"))
    view.go(f"/tasks?task={story.retrying['id']}")
    count = view.panel.locator(".why k-countdown")
    expect(count).to_have_text(re.compile(r"^next attempt in (5\d:\d\d|1:00:00)$"))
    expect(view.row(story.healed).locator("time")).to_have_text(re.compile(r"^(\d+ (s|min) ago|just now)$"))
    for place in ("/", "/breakers", "/dead-letters?view=entries", f"/tasks/{story.healed['id']}?tab=attempts", f"/tasks/{story.running['id']}"):
        view.go(place)
        view.settled()
        text = view.find(".main").inner_text()
        absurd = re.findall(r"(?<![\d.])-\d+ ?(?:ms|s|min|h|d)\b|\b\d{3,} d\b|in \d+ (?:s|min|h|d) ago|NaN|Invalid|Infinity|undefined", text)
        assert absurd == [], (place, absurd, text[:600])
    expect(view.find(".main")).not_to_contain_text("NaN")


def test_a_drawn_range_stands_in_the_address(story: Story, views: Views) -> None:
    view = views.open(story.api, "/").live()
    image = view.find("figure.chart > svg")
    expect(image).to_be_visible()
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    view.page.mouse.move(box["x"] + box["width"] * 0.7, y)
    view.page.mouse.down()
    view.page.mouse.move(box["x"] + box["width"] * 0.95, y, steps=4)
    view.page.mouse.up()
    view.page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    expect(view.find("[aria-label='Range of the chart'] [aria-pressed=true]")).to_contain_text("–")
    view.button("24 hours").click()
    assert view.place == "/?range=24h"
