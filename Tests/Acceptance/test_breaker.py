"""One dead provider: few calls, one breaker, held tasks that spend nothing and come back."""

from __future__ import annotations

from harness import CALM, Agent, Api, JSON, eventually

CROWD = 40


def crowd(api: Api, agent: Agent, **members: object) -> list[JSON]:
    """Forty tasks at once."""
    return api.post("/tasks/batch", {"tasks": [{"type": "test.crowd", "agent_id": agent.id, **members}] * CROWD}, expect=201)["data"]


def now(api: Api, agent: Agent) -> list[JSON]:
    tasks = api.pages("/tasks", agent=agent.id)
    assert len(tasks) == CROWD
    return tasks


def until_all(api: Api, agent: Agent, timeout: float = 30, **members: object) -> list[JSON]:
    def there() -> list[JSON]:
        tasks = now(api, agent)
        return tasks if all(task[name] == value for task in tasks for name, value in members.items()) else []

    def summary() -> str:
        tasks = now(api, agent)
        return f"{members}: {[(task['status'], task['status_reason'], task['attempt']) for task in tasks]} {api.breaker(agent.id)}"

    return eventually(there, summary, timeout)


def count(api: Api, tasks: list[JSON], kind: str) -> int:
    return sum(len(api.told(task, kind)) for task in tasks)


def state(api: Api, agent: Agent) -> str | None:
    one = api.breaker(agent.id)
    return one and one["state"]


def test_forty_tasks_and_a_provider_that_is_down(api: Api) -> None:
    agent = api.agent(503, breaker={"open_ms": 6000})
    crowd(api, agent)
    held = until_all(api, agent, timeout=5, status="pending", status_reason="breaker_open")
    calls = len(agent.calls())
    assert 5 <= calls < 60 and sum(task["attempt"] for task in held) == calls
    assert all(task["round_attempt"] <= 1 for task in held), "no retry was spent on an open breaker"
    assert count(api, held, "circuit_breaker_opened") == 1
    eventually(lambda: count(api, held, "task_held") == CROWD, "each is told once that it is held", timeout=3)
    assert all("breaker" in task["explanation"].lower() for task in held)
    breaker = api.breaker(agent.id)
    assert breaker and breaker["state"] == "open" and breaker["held_tasks"] == CROWD and breaker["trips_24h"] == 1
    assert breaker["opened_at"] and breaker["probe_at"] and breaker["forced"] in (None, False)

    agent.script(200)
    done = until_all(api, agent, timeout=45, status="completed")
    assert all(task["round_attempt"] <= 2 for task in done)
    assert sum(call["answer"] == 503 for call in agent.calls()) < 60
    assert count(api, done, "circuit_breaker_opened") == 1 and count(api, done, "circuit_breaker_closed") == 1
    assert count(api, done, "circuit_breaker_half_opened") >= 1 and count(api, done, "task_released") == CROWD
    assert state(api, agent) == "closed"
    (opened,) = [event for task in done for event in api.told(task, "circuit_breaker_opened")]
    assert opened["severity"] == "critical"
    story = api.types({"id": next(task["id"] for task in done if api.told(task, "circuit_breaker_opened"))})
    at = story.index("circuit_breaker_opened")
    assert story[at - 1] == "attempt_failed" and story[at + 1] in ("task_held", "task_retried"), story


def test_tasks_behind_a_narrow_door_are_held_before_their_first_attempt(api: Api) -> None:
    agent = api.agent(503, breaker={"open_ms": 6000}, max_concurrency=2)
    crowd(api, agent)
    held = until_all(api, agent, timeout=5, status="pending", status_reason="breaker_open")
    calls = len(agent.calls())
    assert 5 <= calls <= 8, "five failures in a row, and what was on its way"
    assert sum(task["attempt"] == 0 for task in held) >= CROWD - calls
    agent.script(200)
    done = until_all(api, agent, timeout=45, status="completed")
    assert sum(task["round_attempt"] for task in done) == calls + CROWD


def test_failed_probes_spend_no_allowance(api: Api) -> None:
    agent = api.agent(503, breaker={"open_ms": 500, "max_open_ms": 1000})
    crowd(api, agent, retry_policy={"max_attempts": 2})
    eventually(lambda: state(api, agent) == "open", "the breaker opens")
    until_all(api, agent, timeout=10, status="pending")
    first = sum(task["attempt"] for task in now(api, agent))
    probes = eventually(lambda: [one for task in now(api, agent) for one in api.attempts(task) if one["probe"]][2:], "probes fail")
    assert all(probe["status"] in ("failed", "running") for probe in probes)
    agent.script(200)
    done = until_all(api, agent, timeout=45, status="completed")
    assert all(task["round_attempt"] <= 2 for task in done)
    failures = sum(call["answer"] == 503 for call in agent.calls())
    assert first <= failures < 60, "not 80, and far from 240"
    assert any(one["probe"] and one["status"] == "succeeded" for task in done for one in api.attempts(task))


def test_policy_skip_sends_all_to_the_dead_letters(api: Api) -> None:
    agent = api.agent(503, breaker={"open_ms": 60_000}, redrive="manual")
    crowd(api, agent, retry_policy={"on_open_breaker": "skip"})
    failed = until_all(api, agent, status="failed")
    entries = api.pages("/failed-tasks", agent=agent.id)
    assert len(entries) == CROWD and {entry["status"] for entry in entries} == {"pending"}
    assert {entry["reason"] for entry in entries} <= {"circuit_open", "retries_exhausted"}
    assert len(agent.calls()) < 60 and count(api, failed, "circuit_breaker_opened") == 1 and count(api, failed, "task_held") == 0
    api.close_breaker(agent.id)
    api.settle()
    assert {task["status"] for task in now(api, agent)} == {"failed"}, "redrive is manual"


def test_dead_letters_of_an_open_breaker_come_back_by_themselves(api: Api) -> None:
    agent = api.agent(redrive="on_recovery")
    api.open_breaker(agent.id)
    failed = [api.run(agent, "failed", retry_policy={"on_open_breaker": "skip"}) for _ in range(3)]
    api.close_breaker(agent.id)
    for task in failed:
        assert api.wait(task, "completed", timeout=30)["round"] == 2
        assert api.entry(task)["status"] == "retried" and api.told(task, "task_requeued")


def test_a_forced_breaker_holds_until_it_is_closed(api: Api) -> None:
    agent = api.agent()
    opened = api.open_breaker(agent.id)
    assert (opened["provider"], opened["state"]) == (agent.id, "open") and opened["forced"]
    task = api.task(agent)
    api.until_told(task, "task_held")
    waiting = api.wait(task, "pending", status_reason="breaker_open")
    assert waiting["attempt"] == 0 and agent.calls() == []
    closed = api.close_breaker(agent.id)
    assert closed["state"] == "closed" and not closed["forced"]
    api.wait(task, "completed")
    types = api.types(task)
    assert types.index("task_held") < types.index("task_released") < types.index("attempt_started")
    assert types.count("task_held") == 1 and api.told(task, "task_held")[0]["severity"] == "warning"


def test_a_breaker_forced_for_a_while_recovers_by_itself(api: Api) -> None:
    agent = api.agent()
    api.open_breaker(agent.id, for_ms=600)
    task = api.task(agent)
    assert api.wait(task, "completed", timeout=15)["round_attempt"] == 1
    assert len(agent.calls()) == 1
    eventually(lambda: state(api, agent) == "closed", "the breaker closes")


def test_an_answer_is_not_a_provider_failure(api: Api) -> None:
    agent = api.agent(400)
    crowd(api, agent)
    until_all(api, agent, status="failed")
    assert len(agent.calls()) == CROWD and state(api, agent) in (None, "closed")


def test_agents_of_one_provider_share_its_breaker(api: Api) -> None:
    provider = api.name("provider")
    down, beside = api.agent(503, provider=provider), api.agent(provider=provider)
    tasks = api.post("/tasks/batch", {"tasks": [{"type": "t", "agent_id": down.id}] * 6}, expect=201)["data"]
    eventually(lambda: (api.breaker(provider) or {}).get("state") == "open", "the breaker opens")
    other = api.task(beside)
    api.wait(other, "pending", status_reason="breaker_open")
    assert other["provider"] in (None, provider) and beside.calls() == [] and api.breaker(beside.id) is None
    for task in [*tasks, other]:
        api.post(f"/tasks/{task['id']}/cancel", {}, expect=202)


def test_a_dead_provider_slows_only_itself(api: Api) -> None:
    dead, well = api.agent({"wait": 60}, timeout_ms=60_000, breaker=CALM, max_concurrency=64), api.agent()
    crowd(api, dead)
    dead.called(CROWD)
    for _ in range(3):
        assert api.run(well, timeout=3)["status"] == "completed"
    for task in now(api, dead):
        api.post(f"/tasks/{task['id']}/cancel", {}, expect=202)


def test_a_failing_rate_trips_it_too(api: Api) -> None:
    agent = api.agent(breaker={"consecutive_failures": 100, "min_calls": 10, "failure_rate": 0.5, "open_ms": 60_000})
    agent.script(*[200, 503] * 20)
    for n in range(9):
        api.run(agent, "failed" if n % 2 else "completed", retry_policy={"max_attempts": 1})
    assert state(api, agent) in (None, "closed"), "nine calls are too few to judge by"
    last = api.run(agent, "failed", retry_policy={"max_attempts": 1})
    breaker = api.breaker(agent.id)
    assert breaker and breaker["state"] == "open" and breaker["failure_rate"] == 0.5 and breaker["calls"] == 10
    assert len(breaker["recent"]) == 10
    types = api.types(last)
    assert types[-4:] == ["attempt_failed", "circuit_breaker_opened", "task_failed", "moved_to_dlq"]
