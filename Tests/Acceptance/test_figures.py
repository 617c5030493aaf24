"""What the dashboard counts and filters: narrower lists, time series, figures of agents, the audit log."""

from __future__ import annotations

import pytest

from harness import CALM, Agent, Api, JSON, ok

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
