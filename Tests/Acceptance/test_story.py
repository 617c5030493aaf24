"""The story of the product brief: a provider fails twice and then works, and the timeline says so."""

from __future__ import annotations

from collections.abc import Callable

from harness import Api, JSON, at_least, ok, seconds

STORY = [
    ("task_created", "info"), ("task_started", "info"),
    ("attempt_started", "info"), ("attempt_failed", "error"), ("task_retried", "info"),
    ("attempt_started", "info"), ("attempt_failed", "error"), ("task_retried", "info"),
    ("attempt_started", "info"), ("attempt_success", "info"), ("task_completed", "info"),
]
ENDINGS = ("task_completed", "task_failed", "task_cancelled")


def assert_story(api: Api, task: JSON) -> None:
    events = api.timeline(task)
    assert [(event["type"], event["severity"]) for event in events] == STORY
    assert [event["seq"] for event in events] == list(range(1, 12))
    positions = [event["position"] for event in events]
    assert positions == sorted(set(positions)), "positions strictly rise"
    assert all(event["message"] for event in events)
    times = [seconds(event["at"]) for event in events]
    assert times == sorted(times), "time does not go back within a task"
    delays = [event["data"]["delay_ms"] for event in events if event["type"] == "task_retried"]
    assert 750 <= delays[0] <= 1250 and 1500 <= delays[1] <= 2500, delays


def test_two_503_and_a_200_are_eleven_events(api: Api) -> None:
    agent = api.agent(503, 503, ok(done="yes"))
    task = api.task(agent, input={"n": 1})
    assert task["status"] in ("pending", "in_progress") and task["version"] >= 1, "may have begun at once"

    api.until_told(task, "task_retried")
    waiting = api.wait(task, "pending", status_reason="backoff")
    assert "2 of 6" in waiting["explanation"] and "503" in waiting["explanation"]
    assert waiting["error"]["type"] == "server_error" and seconds(waiting["next_attempt_at"])

    ended = api.wait(task, "completed")
    assert_story(api, task)
    assert (ended["attempt"], ended["round"], ended["round_attempt"], ended["version"]) == (3, 1, 3, 11)
    assert ended["output"] == {"done": "yes"} and ended["explanation"] and ended["finished_at"]
    assert ended["next_attempt_at"] is None

    attempts = api.attempts(task)
    assert [one["number"] for one in attempts] == [1, 2, 3]
    assert [one["status"] for one in attempts] == ["failed", "failed", "succeeded"]
    assert [one["http_status"] for one in attempts] == [503, 503, 200]
    delays = [event["data"]["delay_ms"] for event in api.told(task, "task_retried")]
    assert [one["retry"] and one["retry"]["delay_ms"] for one in attempts] == [*delays, None]
    for one in attempts:
        assert one["agent_id"] == agent.id and one["provider"] == agent.id and one["node"] and one["probe"] is False
        assert one["circuit_breaker"]["provider"] == agent.id and one["circuit_breaker"]["state"] == "closed"
        assert one["duration_ms"] >= 0 and one["queue_ms"] >= 0 and one["round"] == 1
    for one in attempts[:2]:
        error = one["error"]
        assert (error["type"], error["class"], error["http_status"], error["sent"]) == ("server_error", "retryable", 503, "yes")
        assert error["message"] and error["retry_after_ms"] is None and seconds(error["at"])
    assert attempts[2]["error"] is None

    calls = agent.calls()
    assert len(calls) == 3
    for before, after, delay in zip(calls, calls[1:], delays):
        assert after["at"] - before["at"] >= delay / 1000 - 0.01, "no timer fires early"


def test_timeline_can_be_narrowed(api: Api) -> None:
    task = api.run(api.agent(503, ok()), retry_policy={"base_delay_ms": 10})
    path = f"/tasks/{task['id']}/timeline"
    kinds = [event["type"] for event in api.timeline(task)]
    assert [e["type"] for e in api.get(path, severity="error")["data"]] == ["attempt_failed"]
    assert [e["type"] for e in api.get(path, severity="info")["data"]] == kinds
    assert [e["seq"] for e in api.get(path, type="attempt_started")["data"]] == [3, 6]
    assert [e["seq"] for e in api.get(path, after=2, limit=3)["data"]] == [3, 4, 5]
    assert api.get(path, limit=3)["next_cursor"] and api.get(path, limit=200)["next_cursor"] is None
    assert api.pages(path, limit=3) == api.timeline(task)


def test_killed_in_the_backoff_it_goes_on_as_if_nothing_had_happened(serve: Callable[..., Api]) -> None:
    api = serve()
    agent = api.agent(503, 503, ok())
    task = api.task(agent)
    api.until_told(task, "task_retried", 2)
    api.server.restart()
    api.wait(task, "completed", timeout=30)
    assert_story(api, task)
    api.settle()
    assert len(agent.calls()) == 3 and len(api.timeline(task)) == 11


def test_killed_while_an_attempt_runs_it_is_abandoned_and_goes_on(serve: Callable[..., Api]) -> None:
    api = serve()
    agent = api.agent({"wait": 60}, ok())
    task = api.task(agent, timeout_ms=60_000, retry_policy={"base_delay_ms": 50})
    agent.called()
    api.server.restart()
    ended = api.wait(task, "completed", timeout=40)
    types = api.types(task)
    assert types[:4] == ["task_created", "task_started", "attempt_started", "attempt_abandoned"]
    assert types[-3:] == ["attempt_started", "attempt_success", "task_completed"]
    assert types[4:-3] in ([], ["task_retried"]), types
    assert api.told(task, "attempt_abandoned")[0]["severity"] == "error"
    attempts = api.attempts(task)
    assert [one["status"] for one in attempts] == ["abandoned", "succeeded"]
    assert (attempts[0]["error"]["type"], attempts[0]["error"]["class"]) == ("worker_lost", "retryable")
    assert (ended["attempt"], ended["round_attempt"]) == (2, 2), "an abandoned attempt counts"
    keys = {call["headers"]["idempotency-key"] for call in at_least(2, agent.calls, lambda: "calls")}
    assert len(keys) == 1, "the agent is told that it is the same task"


def test_killed_again_and_again_it_ends_once(serve: Callable[..., Api]) -> None:
    api = serve()
    agent = api.agent(503, {"wait": 60}, 503, {"wait": 60}, ok())
    task = api.task(agent, timeout_ms=60_000, retry_policy={"base_delay_ms": 100})
    for calls in (2, 4):
        agent.called(calls)
        api.server.restart()
    api.wait(task, "completed", timeout=40)
    types = api.types(task)
    assert sum(kind in ENDINGS for kind in types) == 1 and types.count("attempt_abandoned") == 2
    assert [one["status"] for one in api.attempts(task)] == ["failed", "abandoned", "failed", "abandoned", "succeeded"]
