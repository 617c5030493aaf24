"""What the dashboard counts and filters: narrower lists, time series, figures of agents, the audit log."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from harness import BINARY, CALM, STAMP, Api, JSON, eventually, seconds, stamp

FAST = {"base_delay_ms": 1, "max_delay_ms": 1, "jitter": 0}


def found(api: Api, **params: object) -> list[str]:
    return [task["id"] for task in api.pages("/tasks", **params)]


# Lists of tasks

@pytest.fixture(scope="module")
def shelf(api: Api) -> dict[str, JSON]:
    """One of each, all of one type that nobody else has."""
    good, bad = api.agent(breaker=CALM), api.agent(503, 503, 400, breaker=CALM)
    paid = {"payment": {"amount": "250.00", "currency": "USD", "kind": "payment"}}
    return {
        "done": api.run(good, type="shelf.good", metadata={"shelf": "1"}, **paid),
        "failed": api.run(bad, "failed", type="shelf.bad", metadata={"shelf": "1"}, retry_policy=FAST),
        "idle": api.task(api.agent(paused=True), type="shelf.good", metadata={"shelf": "1"},
                         payment={"amount": "99.99", "currency": "EUR", "kind": "payment"}),
        "alone": api.task(type="shelf.alone", metadata={"shelf": "1"}),
    }


def on_shelf(api: Api, shelf: dict[str, JSON], **params: object) -> set[str]:
    ids = found(api, **({"metadata.shelf": "1"} | params))
    return {name for name, task in shelf.items() if task["id"] in ids}


def test_lists_leave_out_what_they_are_told_to(api: Api, shelf: dict[str, JSON]) -> None:
    api.wait(shelf["alone"], "failed")
    everything = set(shelf)
    assert on_shelf(api, shelf) == everything
    assert on_shelf(api, shelf, not_type="shelf.good,unheard.of") == {"failed", "alone"}
    assert on_shelf(api, shelf, not_status="completed,failed") == {"idle"}
    assert on_shelf(api, shelf, status="failed,completed", not_status="failed") == {"done"}
    assert on_shelf(api, shelf, not_agent=shelf["failed"]["agent_id"]) == everything - {"failed"}
    assert on_shelf(api, shelf, not_error_type="validation_error,timeout") == everything - {"failed"}
    assert on_shelf(api, shelf, not_error_type="validation_error,missing_callback") == {"done", "idle"}
    assert on_shelf(api, shelf, type="shelf.good", not_type="shelf.good") == set()


def test_lists_by_attempts_and_money(api: Api, shelf: dict[str, JSON]) -> None:
    assert on_shelf(api, shelf, min_attempts=0) == set(shelf)
    assert on_shelf(api, shelf, min_attempts=1) == {"done", "failed"}
    assert on_shelf(api, shelf, min_attempts=2) == on_shelf(api, shelf, min_attempts=3) == {"failed"}
    assert on_shelf(api, shelf, min_attempts=4) == set()
    assert on_shelf(api, shelf, min_amount="0") == {"done", "idle"}
    assert on_shelf(api, shelf, min_amount="100") == on_shelf(api, shelf, min_amount="250.000") == {"done"}
    assert on_shelf(api, shelf, min_amount="250.01") == set()


@pytest.mark.parametrize("params", [
    {"min_attempts": "-1"}, {"min_attempts": "two"}, {"min_amount": "-1"}, {"min_amount": "1."}, {"min_amount": "1e3"},
    {"not_type": "Loud"}, {"not_type": "a,,b"}, {"not_type": ",".join("a" * 101)}, {"not_agent": "no agent"}, {"not_status": "done"},
    {"not_status": "failed,"}, {"not_error_type": "oops"}, {"include": "timeline"}, {"include": "attempts,"}, {"include": ""},
])
def test_bad_filters_are_named(api: Api, params: dict[str, str]) -> None:
    problem = api.refused(422, "GET", "/tasks", params=params)
    assert [fault["parameter"] for fault in problem["errors"]] == list(params)


def test_rows_have_the_attempts_that_the_task_has(api: Api, shelf: dict[str, JSON]) -> None:
    rows = {row["id"]: row for row in api.pages("/tasks", include="attempts", **{"metadata.shelf": "1"})}
    for task in shelf.values():
        assert rows[task["id"]]["attempts"] == api.attempts(task)
    assert [attempt["status"] for attempt in rows[shelf["failed"]["id"]]["attempts"]] == ["failed"] * 3
    assert "attempts" not in api.get("/tasks", limit=1)["data"][0]


def test_rows_have_the_newest_twenty_attempts_of_every_round(api: Api) -> None:
    agent = api.agent(503, breaker=CALM)
    task = api.run(agent, "failed", type="shelf.long", retry_policy=FAST | {"max_attempts": 15})
    api.post(f"/tasks/{task['id']}/retry", {}, expect=202)
    task = api.wait(task, "failed", round=2, attempt=30)
    (row,) = api.get("/tasks", type="shelf.long", include="attempts")["data"]
    assert row["attempts"] == api.attempts(task)[-20:]
    assert {attempt["round"] for attempt in row["attempts"]} == {1, 2}


# Figures over time

BUCKET = set("""at created completed failed cancelled retried active failure_rate avg_execution_ms p50_execution_ms p95_execution_ms
    p99_execution_ms""".split())


def test_the_series_adds_up_with_what_was_done(serve: Callable[..., Api]) -> None:
    api = serve()
    ada, bob = api.as_user("ada"), api.as_user("bob", "viewer")
    good, bad, idle = api.agent(), api.agent(503, 400, breaker=CALM), api.agent(paused=True)
    for _ in range(3):
        ada.run(good)
    api.run(bad, "failed", user_id="bob", retry_policy=FAST)
    waiting = [api.task(idle) for _ in range(4)]
    api.post(f"/tasks/{waiting[0]['id']}/cancel", {}, expect=202)
    api.post(f"/tasks/{waiting[0]['id']}/retry", {}, expect=202)
    api.post(f"/tasks/{waiting[1]['id']}/cancel", {}, expect=202)

    def sums(client: Api, **params: object) -> JSON:
        series = client.get("/stats", **params)
        rows = series["data"]
        assert all(set(row) == BUCKET for row in rows)
        assert len(rows) == series["window_ms"] // series["bucket_ms"]
        assert rows[0]["at"] == series["from"]
        assert [seconds(row["at"]) * 1000 for row in rows] == [seconds(rows[0]["at"]) * 1000 + n * series["bucket_ms"] for n in range(len(rows))]
        assert seconds(series["to"]) * 1000 == seconds(series["from"]) * 1000 + series["window_ms"]
        names = ("created", "completed", "failed", "cancelled", "retried")
        return {name: sum(row[name] for row in rows) for name in names} | {"active": rows[-1]["active"]}

    everyone = {"created": 8, "completed": 3, "failed": 1, "cancelled": 2, "retried": 1, "active": 3}
    for params in ({}, {"window": 60000 * 1000}, {"window": 2678400000, "bucket": 86400000}, {"window": 150000, "bucket": 120000}, {"to": stamp(90)}):
        assert sums(api, **params) == everyone, params
    counts = api.get("/tasks/monitoring/health")["counts"]
    assert counts["pending"] + counts["in_progress"] + counts["waiting"] == everyone["active"]
    assert sums(ada) == {"created": 3, "completed": 3, "failed": 0, "cancelled": 0, "retried": 0, "active": 0}
    assert sums(bob) == {"created": 1, "completed": 0, "failed": 1, "cancelled": 0, "retried": 1, "active": 0}
    assert sums(api, to=stamp(-86400)) == dict.fromkeys(everyone, 0)
    rows = ada.get("/stats")["data"]
    assert rows[0]["failure_rate"] is None and rows[0]["avg_execution_ms"] is None
    row = next(row for row in rows if row["completed"])
    assert row["failure_rate"] == 0 and row["p50_execution_ms"] <= row["p95_execution_ms"] <= row["p99_execution_ms"]
    assert sums(serve_again(api)) == everyone


def serve_again(api: Api) -> Api:
    """The same after a crash."""
    api.server.restart()
    return api


def test_the_series_marks_where_breakers_changed(serve: Callable[..., Api]) -> None:
    api = serve()
    agent = api.agent(503, breaker={"consecutive_failures": 1, "open_ms": 60000})
    api.task(agent)
    eventually(lambda: (api.breaker(agent.id) or {}).get("state") == "open", "it opens")
    agent.script(200)
    api.close_breaker(agent.id)
    api.open_breaker(agent.id)
    marks = api.get("/stats")["marks"]
    assert [(mark["type"], mark["reason"]) for mark in marks] == [
        ("circuit_breaker_opened", None), ("breaker_forced_closed", "test"), ("breaker_forced_open", "test")]
    assert {mark["provider"] for mark in marks} == {agent.id} and all(STAMP.match(mark["at"]) for mark in marks)
    assert [mark | {"reason": None} for mark in marks] == api.as_user("vera", "viewer").get("/stats")["marks"]
    assert api.get("/stats", to=stamp(-3600))["marks"] == []


@pytest.mark.parametrize("params", [
    {"window": "59999"}, {"window": "2678400001"}, {"window": "an hour"}, {"bucket": "60001"}, {"bucket": "0"}, {"bucket": "1"},
    {"to": "yesterday"}, {"to": "1969-12-31T00:00:00Z"}, {"bucket": "60000", "window": "60060000"}, {"user_id": "ada"},
])
def test_bad_spans_are_named(api: Api, params: dict[str, str]) -> None:
    problem = api.refused(422, "GET", "/stats", params=params)
    assert [fault["parameter"] for fault in problem["errors"]] == list(params)[:1]


# Agents

STATS = set("window_ms attempts succeeded failed success_rate avg_ms p50_ms p95_ms p99_ms errors running waiting".split())


def test_an_agents_figures_count_attempts_and_not_tasks(serve: Callable[..., Api]) -> None:
    api = serve()
    agent, idle = api.agent(503, 503, 200, breaker=CALM), api.agent(paused=True)
    api.run(agent, retry_policy=FAST, user_id="ada")
    agent.script(400)
    api.run(agent, "failed")
    agent.script({"status": 202})
    api.wait(api.task(agent), status_reason="awaiting_agent")
    for _ in range(2):
        api.task(idle)
    stats = api.get(f"/agents/{agent.id}/stats")
    assert set(stats) == STATS and stats["window_ms"] == 3600000
    assert stats["errors"] == {"server_error": 2, "validation_error": 1}
    assert (stats["attempts"], stats["succeeded"], stats["failed"], stats["success_rate"]) == (4, 1, 3, 0.25)
    assert (stats["running"], stats["waiting"]) == (1, 0)
    assert 0 <= stats["p50_ms"] <= stats["p95_ms"] <= stats["p99_ms"] and stats["avg_ms"] >= 0
    waits = api.get(f"/agents/{idle.id}/stats", window=60000)
    assert waits == dict.fromkeys(STATS, None) | {
        "window_ms": 60000, "attempts": 0, "succeeded": 0, "failed": 0, "errors": {}, "running": 0, "waiting": 2}
    assert {row["id"]: row["stats"] for row in api.pages("/agents", include="stats")} == {
        agent.id: stats, idle.id: waits | {"window_ms": 3600000}}
    assert all("stats" not in row for row in api.pages("/agents"))
    api.server.restart()
    assert api.get(f"/agents/{agent.id}/stats")["errors"] == stats["errors"]


def test_an_agents_figures_are_the_admins(api: Api) -> None:
    agent, otto = api.agent(), api.as_user("otto")
    otto.refused(403, "GET", f"/agents/{agent.id}/stats")
    assert [row["stats"] for row in otto.pages("/agents", include="stats") if row["id"] == agent.id] == [None]
    api.refused(404, "GET", "/agents/nobody/stats")
    for path, params in ((f"/agents/{agent.id}/stats", {"window": "1"}), (f"/agents/{agent.id}/stats", {"bucket": "60000"}),
                         ("/agents", {"include": "secrets"})):
        problem = api.refused(422, "GET", path, params=params)
        assert [fault["parameter"] for fault in problem["errors"]] == list(params)


# The audit log

def test_the_audit_log_tells_who_did_what(api: Api) -> None:
    ada = api.as_user("ada", "admin")
    agent = ada.agent()
    ada.call("PATCH", f"/agents/{agent.id}", {"weight": 2}, expect=200)
    ada.post(f"/agents/{agent.id}/rotate-secret", expect=200)
    ada.open_breaker(agent.id, for_ms=60000)
    ada.close_breaker(agent.id)
    key = ada.post("/api-keys", {"name": "spare", "role": "viewer", "user_id": "eve"}, expect=201)
    ada.call("DELETE", f"/api-keys/{key['id']}", expect=204)
    ada.call("DELETE", f"/agents/{agent.id}", expect=204)
    entries = ada.pages("/audit", limit=3)
    assert [entry["position"] for entry in entries] == sorted({entry["position"] for entry in entries}, reverse=True)
    mine = [entry for entry in entries if entry["key"] in (agent.id, key["id"])][::-1]
    assert [(entry["type"], entry["kind"]) for entry in mine] == [
        ("agent_registered", "agent"), ("agent_updated", "agent"), ("agent_secret_rotated", "agent"), ("breaker_forced_open", "provider"),
        ("breaker_forced_closed", "provider"), ("key_created", "key"), ("key_revoked", "key"), ("agent_deleted", "agent")]
    assert {entry["actor"] for entry in mine} == {"user:ada"}
    opened, closed = mine[3]["data"], mine[4]["data"]
    assert opened["reason"] == "test" and seconds(opened["until"]) - seconds(mine[3]["at"]) == pytest.approx(60)
    assert closed == {"reason": "test", "until": None}
    first = entries[-1]
    assert (first["type"], first["actor"]) == ("key_created", "system"), "the key of the configuration"
    text = ada.call("GET", "/audit", params={"limit": 200}).text
    assert agent.secret not in text and key["key"].split("_")[2] not in text and "whsec_" not in text
    keys = ada.pages("/audit", kind="key")
    assert keys == [entry for entry in ada.pages("/audit") if entry["kind"] == "key"]
    assert {entry["kind"] for entry in ada.pages("/audit", kind="agent,provider")} == {"agent", "provider"}


def test_the_audit_log_is_the_admins(api: Api) -> None:
    for role in ("viewer", "operator"):
        api.as_user("otto", role).refused(403, "GET", "/audit")
    for params in ({"kind": "task"}, {"kind": ""}, {"limit": "0"}, {"cursor": "!"}, {"actor": "user:ada"}):
        problem = api.refused(422, "GET", "/audit", params=params)
        assert [fault["parameter"] for fault in problem["errors"]] == list(params)


def test_the_counters_are_what_the_events_make(serve: Callable[..., Api]) -> None:
    """`kintsugi verify` counts everything anew and compares."""
    api = serve()
    agent = api.agent(503, 200, 400, breaker=CALM)
    api.run(agent, retry_policy=FAST)
    api.post(f"/tasks/{api.run(agent, 'failed')['id']}/retry", {}, expect=202)
    assert api.server.terminate() == 0
    done = subprocess.run([BINARY, "verify", "--data", api.server.data], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
