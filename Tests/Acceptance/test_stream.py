"""Live topics: what happens is told as it happens, in order, once, to whoever may know it."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import httpx
import pytest
import requests
from httpx_sse import connect_sse

from harness import CALM, Api, JSON, Server, eventually, ok
from streams import Event, Stream

ROUNDS = int(os.environ.get("KINTSUGI_STREAM_ROUNDS", "4"))
ENDINGS = ("task_completed", "task_failed", "task_cancelled")

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def follow(api: Api) -> Iterator[Callable[..., Stream]]:
    """Opens streams that are closed when the test is over."""
    streams: list[Stream] = []

    def start(*topics: str, by: Api = api, **options: object) -> Stream:
        streams.append(Stream(by, *topics, **options).until_open())
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()


def row(event: Event) -> JSON:
    """The event as its task's timeline has it."""
    return {name: value for name, value in event.data.items() if name not in ("topic", "task_id", "task")}


def open_streams(api: Api) -> int:
    return api.get("/tasks/monitoring/health")["nodes"][0]["streams"]


def load(api: Api, count: int, **members: object) -> list[JSON]:
    """Tasks that end at once, with four events each, because nobody can run them."""
    body = {"tasks": [{"type": "nobody.knows.this"} | members] * min(count, 1000)}
    return [task for _ in range(0, count, 1000) for task in api.post("/tasks/batch", body, expect=201)["data"]]


# What is told


def test_a_task_that_fails_and_heals_is_told_as_it_happens(api: Api, follow: Callable[..., Stream]) -> None:
    healing = api.agent(503, ok(done="yes"))
    dying = api.agent(*[503] * 9, breaker={"consecutive_failures": 2, "min_calls": 2, "open_ms": 100, "max_open_ms": 100})
    everything, mine = follow("all"), follow("user_dashboard:admin")
    policy = {"base_delay_ms": 20, "max_attempts": 2, "on_open_breaker": "skip"}
    healed, dead = api.task(healing, retry_policy=policy), api.task(dying, retry_policy=policy)
    only = follow(f"task:{healed['id']}", after="0")
    api.wait(healed, "completed"), api.wait(dead, "failed")
    for stream in (everything, mine):
        events = stream.until(lambda seen: len([one for one in seen if one.type in ENDINGS + ("moved_to_dlq",)]) >= 3, "both have ended")
        assert [event.position for event in events] == sorted({event.position for event in events})
        for task in (healed, dead):
            assert [row(one) for one in events if one.data["task_id"] == task["id"]] == api.timeline(task)
    assert {"task_created", "task_started", "attempt_started", "attempt_success", "attempt_failed", "task_retried", "circuit_breaker_opened",
            "task_failed", "moved_to_dlq", "task_completed"} <= set(everything.types), "the ten types of the brief"
    events = only.until(lambda seen: seen and seen[-1].type == "task_completed", "the whole story of one")
    assert [row(one) for one in events] == api.timeline(healed)
    assert [one.data["topic"] for one in events] == [f"task:{healed['id']}"] * len(events)
    assert {one.data["topic"] for one in everything.events} == {"all"}
    assert {one.data["topic"] for one in mine.events} == {"user_dashboard:admin"}
    last = events[-1].data["task"]
    shown = api.show(healed)
    assert last.pop("max_attempts") == 2
    assert last == {name: shown[name] for name in last}, "the summary after the last event is the task as it is"
    assert "input" not in last and "output" not in last and "metadata" not in last


def test_frames_are_what_the_document_promises(api: Api, follow: Callable[..., Stream]) -> None:
    stream = follow("all", after="0")
    api.run(api.agent(503, ok()), retry_policy={"base_delay_ms": 10})
    events = stream.until(lambda seen: "task_completed" in [one.type for one in seen], "a completed task")
    api.get("/tasks", limit=1)  # reads the document
    assert api.schemas
    validator = api.schemas._validator({"$ref": "#/components/schemas/LiveEvent"})
    for event in events:
        assert not list(validator.iter_errors(event.data)), event
        assert not api.schemas._left_out({"$ref": "#/components/schemas/LiveEvent"}, event.data, "$")
        assert event.type == event.data["type"] and event.position == event.data["position"]
    assert stream.headers["content-type"] == "text/event-stream" and stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no" and stream.parser.retry == 1000


def test_an_event_of_several_topics_comes_once_under_the_narrowest(api: Api, follow: Callable[..., Stream]) -> None:
    agent = api.agent(paused=True)
    first = api.task(agent)
    stream = follow("all", f"task:{first['id']}", "user_dashboard:admin", f"task:{first['id']}")
    second = api.task(agent)
    other = api.task(agent, user_id="somebody-else")
    for task in (first, second, other):
        api.post(f"/tasks/{task['id']}/cancel", expect=202)
    events = stream.until(lambda seen: len(seen) >= 5, "three cancellations and two creations")
    topics = {first["id"]: f"task:{first['id']}", second["id"]: "user_dashboard:admin", other["id"]: "all"}
    assert [(one.data["topic"]) for one in events] == [topics[one.data["task_id"]] for one in events]
    assert len({one.id for one in events}) == len(events) == 5


def test_payloads_with_line_breaks_stay_on_one_line(api: Api, follow: Callable[..., Stream]) -> None:
    agent = api.agent(400, ok())
    task = api.run(agent, "failed")
    stream = follow(f"task:{task['id']}")
    api.call("POST", f"/tasks/{task['id']}/retry", data=b'{"input": {"text": "a\\nb",\r\n  "list": [1,\n 2]}}', expect=202)
    events = stream.until(lambda seen: "input_edited" in [one.type for one in seen], "the edit is told")
    edited = next(one for one in events if one.type == "input_edited")
    assert edited.data["data"]["after"] == {"text": "a\nb", "list": [1, 2]}


def test_an_independent_client_reads_it(api: Api) -> None:
    agent = api.agent(paused=True)
    task = api.task(agent)
    with httpx.Client(trust_env=False, timeout=20) as client:
        with connect_sse(client, "GET", api.server.url + "/api/v1/stream", params={"topics": f"task:{task['id']}", "after": "0"},
                         headers={"Authorization": f"Bearer {api.key}"}) as source:
            told = (event for event in source.iter_sse() if event.data)
            created = next(told)
            api.post(f"/tasks/{task['id']}/cancel", expect=202)
            cancelled = next(told)
    assert (created.event, cancelled.event) == ("task_created", "task_cancelled")
    assert created.json()["task"]["status"] == "pending" and cancelled.json()["task"]["status"] == "cancelled"
    assert created.id and created.id != cancelled.id


# Who may


def test_a_user_hears_only_of_what_is_its_own(api: Api, follow: Callable[..., Stream]) -> None:
    agent = api.agent(paused=True)
    ann, bob = api.as_user("stream-ann"), api.as_user("stream-bob", "viewer")
    theirs = api.task(agent, user_id="stream-bob")
    stream = follow("user_dashboard:stream-ann", by=ann)
    api.task(agent, user_id="stream-bob")
    mine = ann.task(agent)
    assert [one.data["task_id"] for one in stream.until(lambda seen: seen, "ann's task is told")] == [mine["id"]]
    ann.refused(404, "GET", f"/stream?topics=task:{theirs['id']}")
    ann.refused(404, "GET", "/stream?topics=user_dashboard:stream-bob")
    ann.refused(404, "GET", f"/stream?topics=user_dashboard:stream-ann,task:{theirs['id']}")
    ann.refused(403, "GET", "/stream?topics=all")
    bob.refused(404, "GET", f"/stream?topics=task:{mine['id']}")
    api.refused(404, "GET", "/stream?topics=task:019c1363-4aba-7000-8000-4538453d7000")
    api.anyone(None).refused(401, "GET", "/stream?topics=all")
    follow("user_dashboard:stream-bob", "user_dashboard:nobody-yet", "all")
    follow("user_dashboard:stream-bob", f"task:{theirs['id']}", by=bob)


@pytest.mark.parametrize(("query", "parameter"), [
    ("", "topics"), ("topics=", "topics"), ("topics=al", "topics"), ("topics=all,", "topics"), ("topics=task:1", "topics"),
    ("topics=user_dashboard:", "topics"), ("topics=agent:x", "topics"), ("topics=all&after=", "after"), ("topics=all&after=x", "after"),
    ("topics=all&after=7", "after"), ("topics=all&after=a.b", "after"), ("topics=all&after=abc.-1", "after"), ("topics=all&since=0", "since"),
    ("topics=all&topics=all", "topics"), ("topics=" + ",".join(f"user_dashboard:u{n}" for n in range(101)), "topics")])
def test_a_query_with_a_fault_names_it(api: Api, query: str, parameter: str) -> None:
    problem = api.refused(422, "GET", f"/stream?{query}")
    assert parameter in [fault["parameter"] for fault in problem["errors"]]


def test_a_cursor_in_the_header_is_checked_and_wins(api: Api, follow: Callable[..., Stream]) -> None:
    problem = api.refused(422, "GET", "/stream?topics=all", headers={"Last-Event-ID": "nonsense"})
    assert problem["errors"][0]["parameter"] == "Last-Event-ID"
    task = api.task(api.agent(paused=True))
    first = follow("all", after="0").until(lambda seen: seen, "the first event")[0]
    stream = follow(f"task:{task['id']}", after="0", last_event_id=first.id)
    assert stream.parser.last_id, "where it is stands at its beginning"
    assert stream.until(lambda seen: seen, "the task's creation")[0].type == "task_created"
    assert [problem["status"] for problem in [api.refused(405, "POST", "/stream?topics=all")]] == [405]
    assert requests.head(api.server.url + "/api/v1/stream?topics=all", headers={"Authorization": f"Bearer {api.key}"}, timeout=5).status_code == 405


# Going on


def test_a_cursor_of_another_log_is_reset(api: Api, follow: Callable[..., Stream]) -> None:
    position = follow("all").parser.last_id
    epoch, _, at = position.rpartition(".")
    for cursor, reason in ((f"0123456789abcdef.{at}", "epoch_changed"), (f"{epoch}.{int(at) + 1_000_000}", "unknown_position")):
        stream = follow("all", last_event_id=cursor)
        reset = stream.until(lambda seen: seen, "a reset")[0]
        assert reset.type == "reset" and reset.data["reason"] == reason
        task = api.task(api.agent(paused=True))
        assert stream.until(lambda seen: len(seen) > 1, "it goes on from now")[1].data["task_id"] == task["id"]


def test_a_stream_goes_on_after_any_event(api: Api, follow: Callable[..., Stream]) -> None:
    task = api.run(api.agent(503, ok()), retry_policy={"base_delay_ms": 10})
    timeline = api.timeline(task)
    topic = f"task:{task['id']}"
    events = follow(topic, after="0").until(lambda seen: len(seen) == len(timeline), "all of it")
    for n, event in enumerate(events[:-1]):
        for options in ({"after": event.id}, {"last_event_id": event.id}):
            rest = follow(topic, **options).until(lambda seen, n=n: len(seen) == len(timeline) - n - 1, "the rest")
            assert [one.data for one in rest] == [one.data for one in events[n + 1:]]


def test_nothing_is_lost_between_the_opening_and_a_new_connection(api: Api, follow: Callable[..., Stream]) -> None:
    stream = follow("user_dashboard:admin")
    place = stream.parser.last_id
    stream.close()
    tasks = load(api, 50)
    events = follow("user_dashboard:admin", last_event_id=place).until(lambda seen: len(seen) >= 150, "what came in between")
    assert {one.data["task_id"] for one in events if one.type == "task_created"} >= {task["id"] for task in tasks}


class Follower(threading.Thread):
    """Keeps a stream open whatever happens to the server, as a browser does."""

    def __init__(self, api: Api, stop: threading.Event, *topics: str) -> None:
        super().__init__(daemon=True)
        self.api, self.stop, self.topics, self.events, self.connections = api, stop, topics, [], 0
        self.place: str | None = None
        self.opened = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                stream = Stream(self.api, *self.topics, last_event_id=self.place, after=None if self.place else "0")
            except OSError:
                self.stop.wait(0.02)
                continue
            self.connections += 1
            self.opened.set()
            while not self.stop.is_set():
                with stream.changed:
                    stream.changed.wait(0.1)
                    self.events += stream.parser.events
                    stream.parser.events = []
                    self.place = stream.parser.last_id or self.place
                    if stream.ended:
                        break
            stream.close()


def test_sigkill_under_load_loses_and_repeats_nothing(serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]) -> None:
    api = serve()
    agents = [api.agent(*[ok(), 503, ok(), ok(), {"status": 500, "wait": 0.05}], seed=n, breaker=CALM) for n in range(3)]
    stop, done = threading.Event(), threading.Event()
    followers = [Follower(api, stop, "all"), Follower(api, stop, "user_dashboard:admin", "all")]

    def create() -> None:
        n = 0
        while not done.is_set():
            n += 1
            try:
                requests.post(api.server.url + "/api/v1/tasks", timeout=30, headers={"Authorization": f"Bearer {api.key}"}, json={
                    "type": "stream.load", "agent_id": agents[n % 3].id, "timeout_ms": 2000, "retry_policy": {"base_delay_ms": 20, "max_attempts": 9}})
            except requests.RequestException:
                done.wait(0.02)

    creators = [threading.Thread(target=create, daemon=True) for _ in range(4)]
    for thread in [*followers, *creators]:
        thread.start()
    for n in range(ROUNDS):
        eventually(lambda n=n: len(followers[0].events) > 400 * (n + 1), "events come", timeout=60)
        api.server.restart()
    done.set()
    for thread in creators:
        thread.join(30)

    def over() -> bool:
        counts = api.get("/tasks/monitoring/health")["counts"]
        return counts["pending"] + counts["in_progress"] == 0

    eventually(over, "everything ends", timeout=60)
    timelines = {task["id"]: api.timeline(task) for task in api.pages("/tasks")}
    total = sum(len(events) for events in timelines.values())
    for follower in followers:
        eventually(lambda follower=follower: len(follower.events) >= total, lambda: f"{len(follower.events)} of {total}")
    stop.set()
    for follower in followers:
        follower.join(30)
        positions = [event.position for event in follower.events]
        assert positions == sorted(set(positions)), "in order, and each once"
        told: dict[str, list[JSON]] = defaultdict(list)
        for event in follower.events:
            told[event.data["task_id"]].append(row(event))
        assert told == timelines, "what was told is what is recorded"
    with capsys.disabled():
        print(f"\n  stream: {ROUNDS} kills, {len(timelines)} tasks, {total} events, connections {[one.connections for one in followers]}")
    assert min(one.connections for one in followers) > ROUNDS


# Ends


def test_a_client_that_leaves_frees_its_stream(api: Api, follow: Callable[..., Stream]) -> None:
    before = open_streams(api)
    streams = [follow("all") for _ in range(20)]
    eventually(lambda: open_streams(api) == before + 20, "20 more streams")
    for stream in streams:
        stream.close()
    eventually(lambda: open_streams(api) == before, lambda: f"they are gone; {open_streams(api)} against {before}")


def test_the_end_of_a_key_ends_its_streams(api: Api, follow: Callable[..., Stream]) -> None:
    made = api.post("/api-keys", {"name": "short", "role": "viewer", "user_id": "stream-short"}, expect=201)
    user = api.anyone(made["key"])
    stream, other = follow("user_dashboard:stream-short", by=user), follow("user_dashboard:stream-short")
    agent = api.agent(paused=True)
    api.task(agent, user_id="stream-short")
    stream.until(lambda seen: seen, "it is alive")
    api.call("DELETE", f"/api-keys/{made['id']}", expect=204)
    stream.until_ended()
    assert stream.clean, "it ends as a stream should, not by a reset"
    api.task(agent, user_id="stream-short")
    other.until(lambda seen: len(seen) == 2, "the admin's stream goes on")
    assert len(stream.events) == 1


def test_signing_out_ends_the_streams_of_that_session(api: Api, follow: Callable[..., Stream]) -> None:
    made = api.post("/api-keys", {"name": "browser", "role": "viewer", "user_id": "stream-browser"}, expect=201)
    with requests.Session() as browser:
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        browser.trust_env = False
        browser.post(api.server.url + "/api/v1/session", json={"key": made["key"]}, timeout=10).raise_for_status()
        cookie = "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
        signed_in, by_key = follow("user_dashboard:stream-browser", cookie=cookie), follow("user_dashboard:stream-browser", by=api.anyone(made["key"]))
        browser.delete(api.server.url + "/api/v1/session", timeout=10).raise_for_status()
    signed_in.until_ended()
    api.task(api.agent(paused=True), user_id="stream-browser")
    by_key.until(lambda seen: seen, "the key's own stream goes on")
    assert signed_in.clean and not signed_in.events


def test_sigterm_ends_streams_and_exits_cleanly(serve: Callable[..., Api]) -> None:
    api = serve()
    streams = [Stream(api, "user_dashboard:admin").until_open() for _ in range(50)]
    agent = api.agent(ok())
    task = api.run(agent)
    for stream in streams:
        stream.until(lambda seen: seen and seen[-1].type == "task_completed", "it is told")
    stuck = [Stream(api, "all", after="0", paused=True, receive_buffer=4096) for _ in range(3)]
    load(api, 3000, user_id="somebody-else")
    began = time.monotonic()
    assert api.server.terminate(within=20) == 0
    took = time.monotonic() - began
    for stream in streams:
        stream.until_ended()
        assert stream.clean, "the body was ended, not cut"
    assert took < 15, f"open streams do not hold up the end: {took:.1f} s"
    for stream in [*streams, *stuck]:
        stream.close()
    api.server.start()
    assert api.show(task)["status"] == "completed"


# Load


def rss(server: Server) -> int:
    """Bytes that the server has in memory."""
    assert server.process
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc")
def test_slow_readers_cost_nothing_and_lose_nothing(serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]) -> None:
    api = serve()
    load(api, 2000), eventually(lambda: api.get("/tasks/monitoring/health")["counts"]["failed"] == 2000, "a warm start", timeout=60)
    quick = Stream(api, "all").until_open()
    slow = [Stream(api, "all", paused=True, receive_buffer=4096) for _ in range(20)]
    eventually(lambda: open_streams(api) == 21, "all are open")
    load(api, 3000)
    quick.until(lambda seen: len(seen) == 12_000, "12,000 events", timeout=120)
    before = rss(api.server)
    load(api, 6000)
    events = quick.until(lambda seen: len(seen) == 36_000, "36,000 events", timeout=240)
    grown = rss(api.server) - before
    # 24,000 events of half a kilobyte, kept for each of the 20, would be 240 MB.
    assert grown < 60_000_000, f"20 readers that do not read took {grown / 1e6:.0f} MB"
    for stream in slow[:2]:
        stream.resume()
    for stream in slow[:2]:
        late = stream.until(lambda seen: len(seen) == 36_000, "the slow reader gets everything", timeout=240)
        assert [(one.id, one.data) for one in late] == [(one.id, one.data) for one in events]
    with capsys.disabled():
        print(f"\n  stream: 36,000 events past 20 stuck readers, memory grew by {grown / 1e6:.1f} MB")
    for stream in [quick, *slow]:
        stream.close()


def test_two_hundred_subscribers_hear_everything(api: Api, follow: Callable[..., Stream]) -> None:
    streams = [follow("user_dashboard:crowd" if n % 4 else "all") for n in range(200)]
    tasks = {task["id"] for task in load(api, 40, user_id="crowd")}
    for stream in streams:
        events = stream.until(lambda seen: sum(one.data["task_id"] in tasks for one in seen) == 160, "160 events", timeout=60)
        positions = [one.position for one in events]
        assert positions == sorted(set(positions))
