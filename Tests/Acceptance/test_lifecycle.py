"""Cancel, retry by hand, deadlines, schedules, order, limits, routing."""

from __future__ import annotations

import json
import time

import pytest

from harness import CALM, Agent, Api, JSON, eventually, ok, seconds, stamp

ONCE = {"max_attempts": 1}
HANGS = {"wait": 60}


def cancel(api: Api, task: JSON, **body: object) -> JSON:
    return api.post(f"/tasks/{task['id']}/cancel", body, expect=202)


def retry(api: Api, task: JSON, **body: object) -> JSON:
    return api.post(f"/tasks/{task['id']}/retry", body, expect=202)


def held(api: Api) -> tuple[Agent, JSON]:
    """A task that waits for a breaker."""
    agent = api.agent(redrive="manual")
    api.open_breaker(agent.id)
    task = api.task(agent)
    api.until_told(task, "task_held")
    return agent, task


# Cancel

@pytest.mark.parametrize("where", ["paused", "scheduled", "held", "backoff"])
def test_a_task_that_waits_is_cancelled_at_once(api: Api, where: str) -> None:
    if where == "held":
        agent, task = held(api)
    else:
        agent = api.agent(503 if where == "backoff" else 200, paused=where == "paused")
        task = api.task(agent, delay_ms=3_600_000 if where == "scheduled" else 0, retry_policy={"base_delay_ms": 30_000})
        if where == "backoff":
            api.until_told(task, "task_retried")
    calls = len(agent.calls())
    answer = cancel(api, task, reason="changed my mind")
    assert answer["status"] == "cancelled" and answer["finished_at"] and answer["explanation"]
    (event,) = api.told(task, "task_cancelled")
    assert event["severity"] == "warning" and event["seq"] == answer["version"] and event["actor"]
    assert "changed my mind" in str(event)
    assert api.entries(task) == [] and len(agent.calls()) == calls


def test_a_running_attempt_is_aborted_and_its_slot_freed(api: Api) -> None:
    agent = api.agent(HANGS, ok(), max_concurrency=1)
    first, second = api.task(agent), api.task(agent)
    call = agent.called()[0]
    running, behind = (first, second) if call["body"]["task_id"] == first["id"] else (second, first)
    assert api.wait(behind, "pending", status_reason="at_capacity")["attempt"] == 0
    assert cancel(api, running)["status"] == "cancelled"
    api.wait(behind, "completed", timeout=5)
    eventually(lambda: agent.calls()[0]["aborted"], "the connection is closed")
    assert [one["status"] for one in api.attempts(running)] == ["cancelled"]


def test_an_ended_task_cannot_be_cancelled(api: Api) -> None:
    for ended in (api.run(api.agent()), api.run(api.agent(400), "failed")):
        api.refused(409, "POST", f"/tasks/{ended['id']}/cancel", {})
        assert api.show(ended)["version"] == ended["version"]
    task = api.task(api.agent(paused=True))
    cancel(api, task)
    api.refused(409, "POST", f"/tasks/{task['id']}/cancel", {})


def test_cancel_needs_no_body(api: Api) -> None:
    task = api.task(api.agent(paused=True))
    assert api.post(f"/tasks/{task['id']}/cancel", expect=202)["status"] == "cancelled"


# Retry by hand

def test_a_failed_task_is_retried_in_a_new_round(api: Api) -> None:
    agent = api.agent(503, 503, ok(mended=True))
    failed = api.run(agent, "failed", input={"n": 1}, retry_policy={"max_attempts": 2, "base_delay_ms": 10})
    entry = api.entry(failed)
    answer = retry(api, failed, input={"n": 2}, reason="typo")
    assert answer["id"] == failed["id"] and answer["round"] == 2
    done = api.wait(failed, "completed")
    assert (done["round"], done["attempt"], done["round_attempt"]) == (2, 3, 1)
    assert done["input"] == {"n": 2} and done["output"] == {"mended": True}
    types = api.types(failed)
    assert types[:8] == ["task_created", "task_started", "attempt_started", "attempt_failed", "task_retried",
                         "attempt_started", "attempt_failed", "task_failed"]
    assert types[8] == "moved_to_dlq" and sorted(types[9:11]) == ["input_edited", "task_requeued"]
    assert types[11:] == ["task_started", "attempt_started", "attempt_success", "task_completed"]
    (edited,) = api.told(failed, "input_edited")
    assert '{"n": 1}' in json.dumps(edited["data"]) and '{"n": 2}' in json.dumps(edited["data"])
    after = api.get(f"/failed-tasks/{entry['id']}")
    assert after["status"] == "retried" and after["closed_at"] and after["closed_by"]
    assert after["task"]["input"] == {"n": 1}, "a snapshot"


def test_a_task_that_fails_again_makes_a_new_entry(api: Api) -> None:
    agent = api.agent(400)
    failed = api.run(agent, "failed")
    retry(api, failed)
    api.wait(failed, "failed", round=2)
    assert [entry["status"] for entry in api.entries(failed)] == ["pending", "retried"]
    agent.script(ok())
    answer = api.post(f"/failed-tasks/{api.entry(failed)['id']}/retry", {}, expect=202)
    assert answer["failed_task"]["status"] == "retried" and answer["task"]["id"] == failed["id"]
    assert api.wait(failed, "completed")["round"] == 3
    assert [entry["status"] for entry in api.entries(failed)] == ["retried", "retried"]


@pytest.mark.parametrize("closing", ["resolve", "discard"])
def test_a_closed_entry_is_reopened_by_the_tasks_retry_only(api: Api, closing: str) -> None:
    agent = api.agent(400, ok())
    failed = api.run(agent, "failed")
    entry = api.entry(failed)
    api.post(f"/failed-tasks/{entry['id']}/{closing}", {}, expect=200)
    api.refused(409, "POST", f"/failed-tasks/{entry['id']}/retry", {})
    retry(api, failed)
    api.wait(failed, "completed")
    assert api.get(f"/failed-tasks/{entry['id']}")["status"] == "retried"


def test_a_cancelled_task_is_retried_through_the_dead_letters(api: Api) -> None:
    agent = api.agent(paused=True)
    task = api.task(agent, deadline_at=stamp(3600))
    cancel(api, task)
    api.call("PATCH", f"/agents/{agent.id}", {"paused": False}, expect=200)
    retry(api, task)
    done = api.wait(task, "completed")
    types = api.types(task)
    assert types == ["task_created", "task_cancelled", "moved_to_dlq", "task_requeued", "task_started", "attempt_started",
                     "attempt_success", "task_completed"]
    (entry,) = api.entries(task)
    assert (entry["status"], entry["reason"]) == ("retried", "cancelled")
    assert done["round"] == 2 and done["deadline_at"] == task["deadline_at"]


def test_retry_to_another_agent_later_with_a_new_deadline(api: Api) -> None:
    broken, well = api.agent(400), api.agent()
    failed = api.run(broken, "failed", deadline_at=stamp(600))
    deadline = stamp(900)
    asked = time.time()
    answer = retry(api, failed, agent_id=well.id, delay_ms=400, deadline_at=deadline)
    assert (answer["status"], answer["status_reason"], answer["agent_id"], answer["deadline_at"]) == ("pending", "scheduled", well.id, deadline)
    api.wait(failed, "completed")
    assert well.calls()[0]["at"] >= asked + 0.39 and len(broken.calls()) == 1


def test_retry_forgets_a_deadline_that_has_passed(api: Api) -> None:
    agent = api.agent(HANGS, ok())
    failed = api.run(agent, "failed", deadline_at=stamp(0.5))
    assert failed["error"]["type"] == "deadline_exceeded"
    assert retry(api, failed)["deadline_at"] is None
    api.wait(failed, "completed")


@pytest.mark.parametrize("body", [{"agent_id": "nobody-at-all"}, {"delay_ms": -1}, {"deadline_at": "soon"}, {"colour": 1}, {"reason": 5}])
def test_a_bad_retry_changes_nothing(api: Api, body: JSON) -> None:
    failed = api.run(api.agent(400), "failed")
    problem = api.refused(422, "POST", f"/tasks/{failed['id']}/retry", body)
    assert problem["errors"][0]["pointer"] == f"/{next(iter(body))}"
    assert api.show(failed) == failed and api.entry(failed)["status"] == "pending"


def test_only_failed_and_cancelled_tasks_are_retried(api: Api) -> None:
    api.refused(409, "POST", f"/tasks/{api.run(api.agent())['id']}/retry", {})
    pending = api.task(api.agent(paused=True))
    api.refused(409, "POST", f"/tasks/{pending['id']}/retry", {})
    running = api.task(api.agent(HANGS))
    api.wait(running, "in_progress")
    api.refused(409, "POST", f"/tasks/{running['id']}/retry", {})
    cancel(api, running)


# Deadlines, timeouts, schedules

@pytest.mark.parametrize("where", ["paused", "running", "backoff", "held", "accepted"])
def test_the_deadline_ends_a_task_whatever_its_state(api: Api, where: str) -> None:
    answer: dict[str, JSON | int] = {"running": HANGS, "backoff": 503, "accepted": {"status": 202}}
    agent = api.agent(answer.get(where, 200), paused=where == "paused", redrive="manual")
    if where == "held":
        api.open_breaker(agent.id)
    task = api.task(agent, deadline_at=stamp(0.7), timeout_ms=60_000, retry_policy={"base_delay_ms": 30_000})
    failed = api.wait(task, "failed", timeout=6)
    assert (failed["error"]["type"], failed["error"]["class"]) == ("deadline_exceeded", "permanent")
    assert -0.01 <= seconds(failed["finished_at"]) - seconds(failed["deadline_at"]) <= 2
    assert api.entry(task)["reason"] == "deadline_exceeded"
    assert api.types(task)[-2:] == ["task_failed", "moved_to_dlq"]
    if where == "running":
        eventually(lambda: agent.calls()[0]["aborted"], "the attempt is aborted")


def test_an_attempt_has_its_own_timeout_or_its_agents(api: Api) -> None:
    agent = api.agent(HANGS, timeout_ms=300)
    failed = api.run(agent, "failed", retry_policy=ONCE)
    assert failed["error"]["type"] == "timeout" and failed["timeout_ms"] in (None, 300)
    assert 295 <= api.attempts(failed)[0]["duration_ms"] <= 3000
    longer = api.agent({"wait": 0.6, "body": 1}, timeout_ms=300)
    assert api.run(longer, timeout_ms=5000, retry_policy=ONCE)["output"] == 1


@pytest.mark.parametrize("how", ["delay_ms", "run_at"])
def test_a_task_does_not_run_before_its_time(api: Api, how: str) -> None:
    agent = api.agent()
    asked = time.time()
    task = api.task(agent, **({"delay_ms": 600} if how == "delay_ms" else {"run_at": stamp(0.6)}))
    assert (task["status"], task["status_reason"]) == ("pending", "scheduled")
    assert abs(seconds(task["run_at"]) - asked - 0.6) < 0.3
    api.wait(task, "completed")
    assert asked + 0.59 <= agent.calls()[0]["at"] <= asked + 3


def test_a_time_in_the_past_is_now(api: Api) -> None:
    assert api.run(api.agent(), run_at="2020-01-01T00:00:00Z")["status"] == "completed"


def test_max_elapsed_ends_the_retries(api: Api) -> None:
    agent = api.agent(503, breaker=CALM)
    policy = {"max_attempts": 50, "base_delay_ms": 100, "max_delay_ms": 100, "max_elapsed_ms": 600}
    failed = api.run(agent, "failed", retry_policy=policy)
    assert 2 <= len(agent.calls()) <= 12 and failed["error"]["type"] == "server_error"
    assert api.entry(failed)["reason"] == "retries_exhausted"
    assert seconds(failed["finished_at"]) - seconds(failed["created_at"]) <= 3


def test_backoff_doubles_to_its_cap_which_holds_after_the_jitter(api: Api) -> None:
    agent = api.agent(503, breaker=CALM)
    policy = {"max_attempts": 7, "base_delay_ms": 20, "max_delay_ms": 100, "jitter": 0.5}
    failed = api.run(agent, "failed", retry_policy=policy)
    delays = [event["data"]["delay_ms"] for event in api.told(failed, "task_retried")]
    assert len(delays) == 6 and all(min(20 * 2**n, 100) * 0.5 - 1 <= delay <= min(20 * 2**n * 1.5, 100) + 1
                                    for n, delay in enumerate(delays)), delays


# Order and limits

def test_priority_orders_what_waits(api: Api) -> None:
    agent = api.agent(paused=True, max_concurrency=1)
    tasks = {api.task(agent, priority=priority)["id"]: priority for priority in (0, 5, -100, 100, 5, -3)}
    assert api.show({"id": next(iter(tasks))})["status_reason"] == "agent_paused"
    api.settle()
    assert agent.calls() == []
    api.call("PATCH", f"/agents/{agent.id}", {"paused": False}, expect=200)
    calls = agent.called(6)
    assert [tasks[call["body"]["task_id"]] for call in calls] == [100, 5, 5, 0, -3, -100]
    fives = [task for task, priority in tasks.items() if priority == 5]
    assert [call["body"]["task_id"] for call in calls[1:3]] == fives, "first come, first served"


def test_no_more_run_at_once_than_allowed(api: Api) -> None:
    agent = api.agent({"wait": 0.1}, max_concurrency=3)
    tasks = api.post("/tasks/batch", {"tasks": [{"type": "t", "agent_id": agent.id}] * 12}, expect=201)["data"]
    for task in tasks:
        api.wait(task, "completed")
    calls = agent.calls()
    edges = sorted([(call["at"], 1) for call in calls] + [(call["ended_at"], -1) for call in calls])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    assert len(calls) == 12 and 2 <= most <= 3


def test_the_rate_is_limited(api: Api) -> None:
    agent = api.agent(rate_limit={"per_second": 5, "burst": 2})
    tasks = api.post("/tasks/batch", {"tasks": [{"type": "t", "agent_id": agent.id}] * 8}, expect=201)["data"]
    api.wait(tasks[-1], status_reason="rate_limited")
    for task in tasks:
        assert api.wait(task, "completed")["attempt"] == 1
    times = [call["at"] for call in agent.calls()]
    assert len(times) == 8 and 1.0 <= times[-1] - times[0] <= 4, "six tokens at five a second after a burst of two"


# Routing

def test_routing_by_capability_and_by_type(api: Api) -> None:
    capability, kind = api.name("ocr"), api.name("render")
    reads, renders = api.agent(capabilities=[capability]), api.agent(capabilities=[kind, "other"])
    by_capability = api.wait(api.task(capability=capability), "completed")
    by_type = api.wait(api.task(type=kind), "completed")
    assert len(reads.calls(by_capability)) == 1 and len(renders.calls(by_type)) == 1
    assert by_capability["capability"] == capability
    assert [api.attempts(task)[0]["agent_id"] for task in (by_capability, by_type)] == [reads.id, renders.id]
    assert api.run(renders, type=kind + ".unknown")["agent_id"] == renders.id, "the agent named is taken, whatever it can"


def test_the_healthy_agent_is_chosen(api: Api) -> None:
    capability = api.name("ocr")
    ill, well = api.agent(capabilities=[capability]), api.agent(capabilities=[capability])
    api.open_breaker(ill.id)
    for _ in range(6):
        api.wait(api.task(capability=capability), "completed")
    assert len(well.calls()) == 6 and ill.calls() == []


def test_a_paused_agent_is_not_chosen_and_one_that_is_named_is_waited_for(api: Api) -> None:
    capability = api.name("ocr")
    paused, well = api.agent(capabilities=[capability], paused=True), api.agent(capabilities=[capability])
    for _ in range(4):
        api.wait(api.task(capability=capability), "completed")
    task = api.task(paused)
    api.settle()
    waiting = api.show(task)
    assert len(well.calls()) == 4 and paused.calls() == []
    assert (waiting["status"], waiting["status_reason"], waiting["attempt"]) == ("pending", "agent_paused", 0)
    api.call("PATCH", f"/agents/{paused.id}", {"paused": False}, expect=200)
    api.wait(task, "completed")


# An open breaker

def test_policy_skip_does_not_wait_for_an_open_breaker(api: Api) -> None:
    agent = api.agent(redrive="manual")
    api.open_breaker(agent.id)
    failed = api.run(agent, "failed", retry_policy={"on_open_breaker": "skip"})
    assert failed["error"]["type"] == "circuit_open" and failed["error"]["sent"] == "no" and failed["attempt"] == 0
    assert api.types(failed)[-3:] == ["retries_skipped", "task_failed", "moved_to_dlq"]
    assert api.entry(failed)["reason"] == "circuit_open" and agent.calls() == []


def test_a_hold_runs_out(api: Api) -> None:
    agent = api.agent(redrive="manual")
    api.open_breaker(agent.id)
    failed = api.run(agent, "failed", retry_policy={"hold_ms": 400})
    types = api.types(failed)
    assert types.count("task_held") == 1 and types[-3:] == ["retries_skipped", "task_failed", "moved_to_dlq"]
    (hold,) = api.told(failed, "task_held")
    assert hold["severity"] == "warning"
    assert 0.39 <= seconds(failed["finished_at"]) - seconds(hold["at"]) <= 3
    assert api.entry(failed)["reason"] == "circuit_open" and agent.calls() == []
