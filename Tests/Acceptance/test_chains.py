"""Fallback chains at run time: what each strategy does to a task, how a person decides, and that a process that dies in
the middle of a chain changes nothing about how it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import CALM, ENDED, Agent, Api, JSON, eventually, ok, seconds, stamp
from test_crash import verify

CHAINS = "/recovery/fallback-chain"
ONCE = {"max_attempts": 1}
FAILS = {"status": 503}
REFUSES = {"status": 422}


def chain(api: Api, *steps: JSON, **members: object) -> JSON:
    return api.post(CHAINS, {"name": "mend it", "steps": list(steps)} | members, expect=201)


def agent(api: Api, *answers: JSON | int, **members: object) -> Agent:
    return api.agent(*answers, **({"breaker": CALM} | members))


def start(api: Api, failing: Agent, *steps: JSON, **members: object) -> JSON:
    made = chain(api, *steps)
    return api.task(failing, **({"fallback_chain_id": made["id"], "retry_policy": ONCE} | members))


def run(api: Api, failing: Agent, *steps: JSON, status: str = "completed", **members: object) -> JSON:
    ended = api.wait(start(api, failing, *steps, **members), *ENDED)
    assert ended["status"] == status, f"{ended}\n{api.types(ended)}"
    return ended


def story(api: Api, task: JSON) -> list[str]:
    """What happened from the chain's beginning on."""
    types = api.types(task)
    return types[types.index("fallback_started"):]


def data(api: Api, task: JSON, kind: str) -> list[JSON]:
    return [event["data"] for event in api.told(task, kind)]


# Every strategy

def test_retry(api: Api) -> None:
    failing = agent(api, FAILS, FAILS, FAILS, ok(third=True))
    done = run(api, failing, {"strategy": "retry", "max_attempts": 5, "delay_ms": 30})
    assert story(api, done) == [
        "fallback_started", "fallback_step_started", "attempt_started", "attempt_failed", "task_retried", "attempt_started",
        "attempt_failed", "task_retried", "attempt_started", "attempt_success", "fallback_step_succeeded", "fallback_succeeded",
        "task_completed"]
    assert (done["attempt"], done["round_attempt"]) == (4, 1), "a step's attempts spend nothing"
    assert done["status_reason"] == "completed_by_fallback" and done["output"] == {"third": True}
    began = data(api, done, "fallback_started")[0]
    assert (began["steps"], began["strategies"], began["trigger"]) == (1, ["retry"], "attempt_failed")
    assert done["fallback"] == {"chain_id": began["chain_id"], "name": "mend it", "version": 1, "step": 1, "of": 1, "strategy": "retry"}
    assert [one["counted"] for one in data(api, done, "attempt_started")] == [True, False, False, False]
    assert [one["fallback_step"] for one in api.attempts(done)] == [None, 1, 1, 1]
    assert {one["max_attempts"] for one in data(api, done, "task_retried")} == {5}
    completed = data(api, done, "task_completed")[0]
    assert (completed["source"], completed["strategy"]) == ("attempt", "retry")


def test_wait_and_retry_waits_as_long_as_the_agent_asked(api: Api) -> None:
    failing = agent(api, {"status": 429, "headers": {"retry-after": "1"}}, ok())
    task = start(api, failing, {"strategy": "wait_and_retry"}, retry_policy=ONCE | {"base_delay_ms": 1, "jitter": 0})
    waiting = api.wait(task, "pending", status_reason="backoff")
    assert waiting["explanation"] == (f"Waiting 1 s before step 1 of 1 of its fallback chain (wait and retry) because {failing.id} answered 429.")
    done = api.wait(task, "completed")
    began = api.told(done, "fallback_step_started")[0]
    assert seconds(began["data"]["due_at"]) - seconds(began["at"]) == pytest.approx(1, abs=0.01)
    assert seconds(api.told(done, "attempt_started")[1]["at"]) >= seconds(began["data"]["due_at"])


def test_switch_agent_to_the_next_with_the_capability(api: Api) -> None:
    word = api.name("cap")
    failing, other = agent(api, FAILS, capabilities=[word]), agent(api, ok(by="other"), capabilities=[word])
    done = run(api, failing, {"strategy": "switch_agent"}, capability=word)
    assert done["output"] == {"by": "other"} and done["agent_id"] == other.id and done["provider"] == other.id
    began = api.told(done, "fallback_step_started")[0]
    assert began["data"]["agent_id"] == other.id
    assert began["message"] == f"Step 1 of 1 (switch agent): trying {other.id} because {failing.id} answered 503."
    assert len(failing.calls(done)) == 1 and len(other.calls(done)) == 1


def test_switch_agent_by_name_and_without_anybody(api: Api) -> None:
    failing, other = agent(api, FAILS), agent(api, FAILS)
    done = run(api, failing, {"strategy": "switch_agent", "agent_id": other.id}, {"strategy": "switch_agent"}, status="failed")
    assert story(api, done) == [
        "fallback_started", "fallback_step_started", "attempt_started", "attempt_failed", "fallback_step_failed",
        "fallback_step_started", "fallback_step_failed", "fallback_exhausted", "task_failed", "moved_to_dlq"]
    assert [one["error"]["type"] for one in data(api, done, "fallback_step_failed")] == ["server_error", "missing_callback"]
    assert done["status_reason"] == "fallback_exhausted" and done["error"]["http_status"] == 503
    exhausted = data(api, done, "fallback_exhausted")[0]
    assert (exhausted["steps_tried"], exhausted["steps_skipped"]) == (2, 0)
    assert api.entry(done)["reason"] == "fallback_exhausted"


def test_increase_timeout(api: Api) -> None:
    slow = agent(api, {"wait": 0.6})
    done = run(api, slow, {"strategy": "increase_timeout", "factor": 1.5}, {"strategy": "increase_timeout", "factor": 20, "max_ms": 4000}, timeout_ms=200)
    assert [one["timeout_ms"] for one in data(api, done, "attempt_started")] == [200, 300, 4000]


def test_refresh_credentials(api: Api) -> None:
    done = run(api, agent(api, 401, ok()), {"strategy": "refresh_credentials", "when": {"error_types": ["auth_failure"]}})
    assert done["fallback"]["strategy"] == "refresh_credentials" and done["attempt"] == 2


def test_modify_input(api: Api) -> None:
    failing = agent(api, REFUSES, ok())
    patch = {"currency": None, "amount": 1.50, "to": {"iban": "DE1"}}
    done = run(api, failing, {"strategy": "modify_input", "patch": patch}, input={"currency": "XXX", "to": {"name": "Bob"}})
    first, second = failing.calls(done)
    assert second["body"]["input"] == {"to": {"name": "Bob", "iban": "DE1"}, "amount": 1.50} == done["input"]
    assert '"amount":1.5' in second["raw"] and second["headers"]["idempotency-key"] == first["headers"]["idempotency-key"] + "-2"
    edited = api.told(done, "input_edited")[0]
    assert edited["actor"] == "system" and edited["data"]["before"] == {"currency": "XXX", "to": {"name": "Bob"}}


def test_use_output(api: Api) -> None:
    done = run(api, agent(api, 404), {"strategy": "use_output", "output": {"found": False}})
    assert done["status_reason"] == "completed_by_fallback" and done["output"] == {"found": False} and done["error"] is None
    assert story(api, done) == ["fallback_started", "fallback_step_started", "fallback_step_succeeded", "fallback_succeeded", "task_completed"]
    assert data(api, done, "task_completed")[0]["source"] == "fallback"


def test_compensate_makes_a_linked_task(api: Api) -> None:
    undo, failing = agent(api, ok(undone=True)), agent(api, REFUSES)
    done = run(api, failing, {"strategy": "compensate", "task": {"type": "test.undo", "agent_id": undo.id}}, {"strategy": "use_output", "output": 1},
               input={"order": 7}, metadata={"order": "7"})
    made = data(api, done, "fallback_step_succeeded")[0]["task_id"]
    child = api.wait({"id": made}, "completed")
    assert child["parent_task_id"] == done["id"] and child["input"] == {"order": 7} and child["metadata"] == {"order": "7"}
    assert child["user_id"] == done["user_id"] and child["type"] == "test.undo" and child["output"] == {"undone": True}
    created = api.told(child, "task_created")[0]
    assert created["data"]["origin"] == "compensation" and created["data"]["parent_task_id"] == done["id"]
    assert done["parent_task_id"] is None


def test_notify_goes_on(api: Api) -> None:
    done = run(api, agent(api, REFUSES), {"strategy": "notify", "message": "look"}, {"strategy": "use_output", "output": None})
    assert story(api, done)[:4] == ["fallback_started", "fallback_step_started", "fallback_step_succeeded", "fallback_step_started"]


def test_discard(api: Api) -> None:
    done = run(api, agent(api, REFUSES), {"strategy": "discard", "note": "of no use"}, status="failed")
    assert story(api, done) == ["fallback_started", "fallback_step_started", "fallback_step_succeeded", "task_failed", "moved_to_dlq",
                                "dead_letter_discarded"]
    entry = api.entry(done)
    assert entry["status"] == "discarded" and entry["reason"] == "discarded_by_chain" == done["status_reason"] and entry["note"] == "of no use"


# A person

def escalated(api: Api, *more: JSON, answers: tuple[JSON | int, ...] = (REFUSES,), **step: object) -> JSON:
    task = start(api, agent(api, *answers), {"strategy": "escalate", "message": "Is the account open?"} | step, *more)
    return api.wait(task, "waiting")


def decide(api: Api, task: JSON, action: str, **body: object) -> JSON:
    return api.post(f"/tasks/{task['id']}/decide", {"action": action} | body, expect=202)


def test_escalate_waits_and_says_for_what(api: Api) -> None:
    task = escalated(api, timeout_ms=60_000)
    assert task["status_reason"] == "awaiting_decision" and task["fallback"]["strategy"] == "escalate"
    told = api.told(task, "task_escalated")[0]
    assert task["explanation"] == f"Waiting for a person until {told['data']['until']}: Is the account open?"
    assert told["data"] | {"until": None} == {
        "chain_id": task["fallback"]["chain_id"], "step": 1, "message": "Is the account open?", "until": None, "then": "fail"}


def test_decide_retry_mends_or_goes_on(api: Api) -> None:
    other = agent(api, ok(by="other"))
    task = escalated(api)
    after = decide(api, task, "retry", agent_id=other.id, input={"n": 2}, note="asked the bank")
    assert after["status"] == "pending" and after["input"] == {"n": 2}
    done = api.wait(task, "completed")
    assert done["output"] == {"by": "other"} and other.calls(done)[0]["body"]["input"] == {"n": 2}
    assert story(api, done)[2:] == ["task_escalated", "task_resumed", "input_edited", "attempt_started", "attempt_success", "fallback_step_succeeded",
                                    "fallback_succeeded", "task_completed"]
    resumed = api.told(done, "task_resumed")[0]
    assert resumed["actor"] == "user:admin" and resumed["data"]["note"] == "asked the bank" and resumed["data"]["agent_id"] == other.id
    again = escalated(api, {"strategy": "use_output", "output": "given"})
    decide(api, again, "retry")
    done = api.wait(again, "completed")
    assert done["output"] == "given" and story(api, done)[3:7] == ["task_resumed", "attempt_started", "attempt_failed", "fallback_step_failed"]


def test_decide_complete_and_fail(api: Api) -> None:
    task = escalated(api)
    done = decide(api, task, "complete", output=None, note="by hand")
    assert done["status"] == "completed" and done["output"] is None
    assert data(api, done, "task_completed")[0]["source"] == "decision"
    failed = decide(api, escalated(api), "fail")
    assert failed["status"] == "failed" and failed["status_reason"] == "decided" and failed["error"]["http_status"] == 422
    assert story(api, failed)[3:] == ["task_resumed", "fallback_step_failed", "task_failed", "moved_to_dlq"]
    assert api.entry(failed)["reason"] == "decided"


def test_who_may_decide_what(api: Api) -> None:
    task = escalated(api)
    path = f"/tasks/{task['id']}/decide"
    for body, pointers in [
        ({}, {"/action"}), ({"action": "timed_out"}, {"/action"}), ({"action": "complete"}, {"/output"}), ({"action": "fail", "output": 1}, {"/output"}),
        ({"action": "complete", "output": 1, "agent_id": "nobody-at-all", "input": 2}, {"/agent_id", "/input"}),
        ({"action": "retry", "agent_id": "nobody-at-all", "more": 1}, {"/agent_id", "/more"})]:
        problem = api.refused(422, "POST", path, body)
        assert {fault["pointer"] for fault in problem["errors"]} == pointers, body
    otto = api.as_user(api.name("otto"))
    otto.refused(404, "POST", path, {"action": "fail"})
    api.as_user(api.name("vera"), "viewer").refused(403, "POST", path, {"action": "fail"})
    api.refused(412, "POST", path, {"action": "fail"}, headers={"If-Match": '"v1"'})
    key = {"Idempotency-Key": api.name("key"), "If-Match": f'"v{task["version"]}"'}
    first = api.call("POST", path, {"action": "complete", "output": 1}, expect=202, headers=key)
    again = api.call("POST", path, {"action": "complete", "output": 1}, expect=202, headers=key)
    assert again.content == first.content and again.headers["Idempotency-Replayed"] == "true"
    problem = api.refused(409, "POST", path, {"action": "fail"})
    assert problem["type"] == "/problems/task-not-waiting"
    running = api.task(agent(api, paused=True))
    api.refused(409, "POST", f"/tasks/{running['id']}/decide", {"action": "fail"})


@pytest.mark.parametrize("then", ["fail", "continue"])
def test_nobody_decides_in_time(api: Api, then: str) -> None:
    task = start(api, agent(api, REFUSES), {"strategy": "escalate", "timeout_ms": 100, "then": then}, {"strategy": "use_output", "output": 5})
    done = api.wait(task, *ENDED)
    assert data(api, done, "task_resumed")[0]["action"] == "timed_out" and data(api, done, "task_escalated")[0]["then"] == then
    if then == "continue":
        assert done["status"] == "completed" and done["output"] == 5
    else:
        assert story(api, done)[3:] == ["task_resumed", "fallback_step_failed", "fallback_exhausted", "task_failed", "moved_to_dlq"]
        assert done["status_reason"] == "fallback_exhausted"


def test_a_waiting_task_can_be_cancelled(api: Api) -> None:
    task = escalated(api)
    assert api.post(f"/tasks/{task['id']}/cancel", expect=202)["status"] == "cancelled"
    decided = api.refused(409, "POST", f"/tasks/{task['id']}/decide", {"action": "retry"})
    assert decided["type"] == "/problems/task-not-waiting"


# When a chain runs, and which

def test_it_runs_in_place_of_a_hold(api: Api) -> None:
    failing, other = api.agent(FAILS), agent(api, ok())
    api.open_breaker(failing.id)
    done = run(api, failing, {"strategy": "switch_agent", "agent_id": other.id})
    assert api.types(done)[:4] == ["task_created", "task_started", "fallback_started", "fallback_step_started"]
    assert data(api, done, "fallback_started")[0]["trigger"] == "breaker_open" and failing.calls(done) == []
    held = start(api, failing, {"strategy": "retry", "when": {"error_types": ["timeout"]}})
    assert "fallback_started" not in [event["type"] for event in api.until_told(held, "task_held")] and "fallback_started" not in api.types(held)
    skipped = run(api, failing, {"strategy": "use_output", "output": 1}, retry_policy={"on_open_breaker": "skip"})
    assert "retries_skipped" not in api.types(skipped)


def test_a_step_behind_an_open_breaker_fails_at_once(api: Api) -> None:
    shut, other = api.agent(ok()), agent(api, ok())
    api.open_breaker(shut.id)
    done = run(api, agent(api, FAILS), {"strategy": "switch_agent", "agent_id": shut.id}, {"strategy": "switch_agent", "agent_id": other.id})
    assert data(api, done, "fallback_step_failed")[0]["error"]["type"] == "circuit_open" and shut.calls(done) == []


def test_it_runs_for_a_task_that_nobody_can_run(api: Api) -> None:
    made = chain(api, {"strategy": "switch_agent", "agent_id": agent(api, ok(by="b")).id})
    task = api.task(type=api.name("nobody"), fallback_chain_id=made["id"])
    done = api.wait(task, "completed")
    assert data(api, done, "fallback_started")[0]["trigger"] == "missing_callback" and done["output"] == {"by": "b"}


def test_the_best_match_runs_and_changes_do_not_touch_who_runs_it(api: Api) -> None:
    kind, failing = api.name("kind"), agent(api, FAILS)
    chain(api, {"strategy": "use_output", "output": "wide"}, match={"task_type": kind})
    narrow = chain(api, {"strategy": "wait_and_retry", "delay_ms": 700}, {"strategy": "use_output", "output": "narrow"},
                   match={"task_type": kind, "agent_id": failing.id, "error_types": ["server_error"]})
    task = api.task(failing, type=kind, retry_policy=ONCE)
    api.until_told(task, "fallback_step_started")
    api.call("PUT", f"{CHAINS}/{narrow['id']}", {"name": "new", "steps": [{"strategy": "discard"}], "enabled": False}, expect=200)
    api.call("DELETE", f"{CHAINS}/{narrow['id']}", expect=204)
    done = api.wait(task, *ENDED)
    assert done["output"] == "narrow" and done["fallback"]["version"] == 1 and done["fallback"]["name"] == "mend it"
    assert api.run(failing, type=kind, retry_policy=ONCE)["output"] == "wide"


def test_one_chain_a_round_and_a_fresh_one_in_the_next(api: Api) -> None:
    failing = agent(api, FAILS, FAILS, ok())
    failed = run(api, failing, {"strategy": "retry"}, status="failed")
    api.post(f"/tasks/{failed['id']}/retry", expect=202)
    done = api.wait(failed, "completed")
    assert done["round"] == 2 and done["fallback"] is None and api.types(done).count("fallback_started") == 1


def test_a_deadline_ends_a_chain(api: Api) -> None:
    made = chain(api, {"strategy": "wait_and_retry", "delay_ms": 60_000})
    done = api.wait(api.task(agent(api, FAILS), fallback_chain_id=made["id"], retry_policy=ONCE, deadline_at=stamp(0.8)), *ENDED)
    assert done["status_reason"] == "deadline_exceeded" and "fallback_exhausted" not in api.types(done)


# Killed at every step

def as_if_not_killed(types: list[str]) -> list[str]:
    """Without the attempts that were lost with their process."""
    kept: list[str] = []
    lost = 0
    for kind in types:
        if kind == "attempt_abandoned":
            lost += 1
        elif kind == "attempt_started" and lost:
            lost -= 1
        else:
            kept.append(kind)
    return kept


def test_killed_at_every_step_it_ends_as_if_it_had_not_been(serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]) -> None:
    api = serve()
    slow = {"status": 503, "wait": 0.12}
    failing, second = agent(api, slow), agent(api, slow)
    undo, mends = agent(api, ok()), agent(api, ok(mended=True) | {"wait": 0.12})
    steps: list[JSON] = [
        {"strategy": "retry", "max_attempts": 2, "delay_ms": 120}, {"strategy": "wait_and_retry", "delay_ms": 120},
        {"strategy": "notify"}, {"strategy": "retry", "when": {"error_types": ["timeout"]}},
        {"strategy": "switch_agent", "agent_id": second.id}, {"strategy": "increase_timeout"}, {"strategy": "refresh_credentials"},
        {"strategy": "modify_input", "patch": {"n": 2}}, {"strategy": "compensate", "task": {"type": "test.undo", "agent_id": undo.id}},
        {"strategy": "escalate", "timeout_ms": 150, "then": "continue"}, {"strategy": "switch_agent", "agent_id": mends.id}]
    made = chain(api, *steps)

    def begin() -> JSON:
        return api.task(failing, fallback_chain_id=made["id"], retry_policy=ONCE, input={"n": 1})

    undisturbed = api.wait(begin(), "completed")
    wanted = story(api, undisturbed)
    parents, lost = [undisturbed["id"]], 0
    for point in range(1, len(wanted) + 1):
        task = begin()
        eventually(lambda: len(types := api.types(task)) - (types.index("fallback_started") if "fallback_started" in types else len(types)) >= point,
                   lambda: f"{point} events of the chain in {api.types(task)}")
        api.server.restart()
        done = api.wait(task, *ENDED, timeout=30)
        told = story(api, done)
        lost += told.count("attempt_abandoned")
        assert as_if_not_killed(told) == wanted, f"killed after {point} events: {told}"
        for member in ("status", "status_reason", "output", "input", "round_attempt", "agent_id", "fallback", "error"):
            assert done[member] == undisturbed[member], f"killed after {point} events: {member}"
        parents.append(done["id"])
    children = [child["parent_task_id"] for child in api.pages("/tasks", type="test.undo")]
    assert sorted(children) == sorted(parents), "one compensation each, whatever happened"
    eventually(lambda: all(child["status"] == "completed" for child in api.pages("/tasks", type="test.undo")), "compensations complete")
    with capsys.disabled():
        print(f"\n  chain of {len(steps)} steps, killed at each of {len(wanted)} events; {lost} attempts abandoned")
    assert lost > 3, "a run that never lost an attempt proves little"
    assert api.server.terminate() == 0
    verify(api.server)


def test_a_person_may_take_days_and_the_server_may_die_meanwhile(serve: Callable[..., Api]) -> None:
    api = serve()
    asked = escalated(api, timeout_ms=3_600_000)
    forgotten = escalated(api, timeout_ms=700)
    api.server.restart()
    assert api.show(asked)["status"] == "waiting" and api.show(asked)["explanation"] == asked["explanation"]
    assert decide(api, asked, "complete", output="late but right")["status"] == "completed"
    assert api.wait(forgotten, "failed")["status_reason"] == "fallback_exhausted"
