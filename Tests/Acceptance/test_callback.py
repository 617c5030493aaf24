"""What an agent receives, and what it may say later."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from harness import Agent, Api, JSON, at_least, eventually, ok, stamp

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
QUICK = {"base_delay_ms": 10}
ONCE = {"max_attempts": 1}
ACCEPT = {"status": 202}


def verify(call: JSON, secret: str) -> None:
    """Standard Webhooks, by its own library."""
    assert call["headers"]["webhook-signature"].startswith("v1,")
    Webhook(secret).verify(call["raw"].encode(), call["headers"])


def accepted(api: Api, **members: object) -> tuple[Agent, JSON, JSON]:
    """A task whose agent has answered 202, and the call."""
    agent = api.agent(ACCEPT, ok(from_="the second attempt"))
    task = api.task(agent, **members)
    api.until_told(task, "attempt_accepted")
    return agent, task, agent.calls()[0]


# What it gets

def test_the_body_has_all_members(api: Api) -> None:
    agent = api.agent()
    deadline = stamp(600)
    given = {"input": {"n": [1, {"ü": None}], "big": 2**53 + 1}, "metadata": {"order": "7"}, "deadline_at": deadline}
    task = api.run(agent, type="demo.echo", **given)
    (call,) = agent.calls()
    body = call["body"]
    assert set(body) >= {
        "task_id", "type", "attempt", "round", "input", "deadline_at", "metadata", "report"}
    assert (body["task_id"], body["type"], body["attempt"], body["round"]) == (task["id"], "demo.echo", 1, 1)
    assert {name: body[name] for name in given} == given
    assert set(body["report"]) >= {"progress_url", "complete_url", "fail_url", "token"}
    assert call["method"] == "POST" and call["headers"]["content-type"].split(";")[0] == "application/json"


def test_members_without_a_value_are_null(api: Api) -> None:
    agent = api.agent()
    api.run(agent)
    body = agent.calls()[0]["body"]
    assert body["input"] is None and body["deadline_at"] is None and body["metadata"] == {}


def test_the_signature_is_of_standard_webhooks(api: Api) -> None:
    agent = api.agent(503, ok())
    api.run(agent, input={"text": "ü \u2028 </script>"}, retry_policy=QUICK)
    first, second = agent.calls()
    for call in (first, second):
        verify(call, agent.secret)
    forged = first | {"raw": first["raw"].replace(first["body"]["task_id"], first["body"]["task_id"][::-1])}
    with pytest.raises(WebhookVerificationError):
        verify(forged, agent.secret)


def test_a_rotated_secret_overlaps_with_the_old_one(api: Api) -> None:
    agent = api.agent()
    fresh = api.post(f"/agents/{agent.id}/rotate-secret")["secret"]
    assert fresh.startswith("whsec_") and fresh != agent.secret
    api.run(agent)
    for secret in (fresh, agent.secret):
        verify(agent.calls()[0], secret)


def test_the_key_is_stable_over_attempts_and_rounds_until_the_input_is_edited(api: Api) -> None:
    agent = api.agent(503, 400, 503, 400, 400, ok())
    task = api.run(agent, "failed", retry_policy=QUICK, input=1)
    for edited in ({}, {"input": 2}, {}):
        api.post(f"/tasks/{task['id']}/retry", edited, expect=202)
        api.wait(task, "failed", "completed")
    calls = agent.calls()
    assert [call["headers"]["webhook-id"] for call in calls] == [task["id"]] * 4 + [f"{task['id']}-2"] * 2
    assert [call["headers"]["idempotency-key"].strip('"') for call in calls] == [task["id"]] * 4 + [f"{task['id']}-2"] * 2
    assert [call["headers"]["kintsugi-attempt"] for call in calls] == ["1", "2", "3", "4", "5", "6"]
    assert [call["body"]["attempt"] for call in calls] == [1, 2, 3, 4, 5, 6]
    assert [call["body"]["round"] for call in calls] == [1, 1, 2, 2, 3, 4]
    assert [call["body"]["input"] for call in calls] == [1, 1, 1, 1, 2, 2]
    for call in calls:
        verify(call, agent.secret)


def test_the_trace_is_continued(api: Api) -> None:
    agent = api.agent(503, ok())
    api.wait(api.task(agent, headers={"traceparent": TRACE}, retry_policy=QUICK), "completed")
    for call in agent.calls():
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", call["headers"]["traceparent"])
        assert call["headers"]["traceparent"].split("-")[1] == TRACE.split("-")[1]


@pytest.mark.parametrize("header", ["banana", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", TRACE.upper(), "ff" + TRACE[2:]])
def test_a_broken_trace_is_not_passed_on(api: Api, header: str) -> None:
    agent = api.agent()
    api.wait(api.task(agent, headers={"traceparent": header}), "completed")
    passed = agent.calls()[0]["headers"].get("traceparent")
    assert passed is None or (passed != header and re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", passed))


# What it may say later

def test_an_accepted_task_completes_by_report(api: Api) -> None:
    agent = api.agent(ACCEPT | {"reports": [
        {"do": "progress", "body": {"percent": 40, "message": "laid out"}, "after": 0.1},
        {"do": "complete", "body": {"output": {"pages": 3}}, "after": 0.1}]})
    task = api.run(agent)
    assert task["output"] == {"pages": 3} and task["progress"]["percent"] == 40 and task["progress"]["message"] == "laid out"
    assert api.types(task) == ["task_created", "task_started", "attempt_started", "attempt_accepted", "task_progress",
                               "attempt_success", "task_completed"]
    assert [one["status"] for one in api.attempts(task)] == ["succeeded"]
    reports = at_least(2, lambda: agent.calls()[0]["reports"], lambda: "reports")
    assert [report["status"] for report in reports] == [200, 200]


def test_an_accepted_task_says_what_it_waits_for(api: Api) -> None:
    _, task, call = accepted(api)
    seen = api.show(task)
    assert (seen["status"], seen["status_reason"]) == ("in_progress", "awaiting_agent") and seen["explanation"]
    assert api.attempts(task)[0]["status"] == "accepted"
    api.report(call, "complete", {"output": None})
    assert api.wait(task, "completed")["output"] is None


@pytest.mark.parametrize(("body", "of"), [
    ({"message": "no such account", "retryable": False}, "permanent"),
    ({"message": "try later", "retryable": True}, "retryable"), ({"message": "who knows"}, "retryable")])
def test_an_accepted_task_fails_by_report(api: Api, body: JSON, of: str) -> None:
    _, task, call = accepted(api, retry_policy=ONCE)
    api.report(call, "fail", body)
    failed = api.wait(task, "failed")
    assert (failed["error"]["type"], failed["error"]["class"], failed["error"]["sent"]) == ("agent_reported", of, "yes")
    assert body["message"] in failed["error"]["message"]
    assert api.entry(task)["reason"] == ("permanent_error" if of == "permanent" else "retries_exhausted")


def test_a_reported_failure_is_retried(api: Api) -> None:
    agent, task, call = accepted(api, retry_policy=QUICK)
    api.report(call, "fail", {"message": "try later"})
    assert api.wait(task, "completed")["attempt"] == 2 and len(agent.calls()) == 2


def test_silence_after_202_is_a_timeout(api: Api) -> None:
    _, task, _ = accepted(api, timeout_ms=300, retry_policy=ONCE)
    failed = api.wait(task, "failed")
    assert (failed["error"]["type"], failed["error"]["class"], failed["error"]["sent"]) == ("timeout", "retryable", "yes")
    assert api.attempts(task)[0]["duration_ms"] >= 295


def test_progress_extends_the_timeout(api: Api) -> None:
    ticks = [{"do": "progress", "body": {"percent": n * 20}, "after": 0.6} for n in (1, 2, 3)]
    agent = api.agent(ACCEPT | {"reports": [*ticks, {"do": "complete", "body": {"output": "late but well"}, "after": 0.6}]})
    task = api.run(agent, timeout_ms=1200, retry_policy=ONCE)
    assert task["output"] == "late but well" and task["progress"]["percent"] == 60


def test_progress_is_kept_once_a_second_and_the_last_always(api: Api) -> None:
    _, task, call = accepted(api)
    for percent in range(1, 31):
        api.report(call, "progress", {"percent": percent, "message": f"{percent}"})
    api.report(call, "complete", {"output": 1})
    ended = api.wait(task, "completed")
    kept = api.told(task, "task_progress")
    assert ended["progress"]["percent"] == 30 and 1 <= len(kept) <= 5, [event["data"] for event in kept]
    assert ended["version"] == len(api.timeline(task))


@pytest.mark.parametrize(("door", "body", "pointer"), [
    ("progress", {"percent": 101}, "/percent"), ("progress", {"percent": -1}, "/percent"), ("progress", {"percent": "5"}, "/percent"),
    ("progress", {}, "/percent"), ("progress", {"percent": 5, "colour": 1}, "/colour"), ("fail", {}, "/message"),
    ("fail", {"message": 5}, "/message"), ("fail", {"message": "x", "retryable": "perhaps"}, "/retryable"), ("complete", {"result": 1}, "/result")])
def test_a_bad_report_names_its_fault_and_changes_nothing(api: Api, door: str, body: JSON, pointer: str) -> None:
    _, task, call = accepted(api)
    version = api.show(task)["version"]
    assert pointer in [fault["pointer"] for fault in api.report(call, door, body, expect=422)["errors"]]
    assert api.show(task)["version"] == version
    api.report(call, "complete", {"output": 1})


def test_the_same_report_again_gets_the_same_200(api: Api) -> None:
    _, task, call = accepted(api)
    answers = [api.report(call, "complete", {"output": 1}) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert api.types(task).count("task_completed") == 1 and "late_result" not in api.types(task)
    _, task, call = accepted(api, retry_policy=ONCE)
    for _ in range(2):
        api.report(call, "fail", {"message": "no", "retryable": False})
    assert api.types(task).count("attempt_failed") == 1 and len(api.entries(task)) == 1


def test_the_first_outcome_wins(api: Api) -> None:
    _, task, call = accepted(api)
    api.report(call, "complete", {"output": "first"})
    api.report(call, "complete", {"output": "second"}, expect=409)
    api.report(call, "fail", {"message": "third"}, expect=409)
    assert api.show(task)["output"] == "first" and api.show(task)["status"] == "completed"
    late = api.told(task, "late_result")
    assert len(late) == 2 and "second" in json.dumps(late) and "third" in json.dumps(late)


def test_a_wrong_token_is_401(api: Api) -> None:
    _, task, call = accepted(api)
    _, _, other = accepted(api)
    for token in ("", "banana", other["body"]["report"]["token"], call["body"]["report"]["token"][:-2]):
        for door, body in (("complete", {"output": 1}), ("fail", {"message": "x"}), ("progress", {"percent": 1})):
            api.report(call, door, body, expect=401, token=token)
    api.anyone(None).refused(401, "POST", f"/tasks/{task['id']}/complete", {"output": 1})
    assert api.show(task)["status"] == "in_progress" and api.types(task)[-1] == "attempt_accepted"


def test_a_late_report_is_kept_and_overwrites_nothing(api: Api) -> None:
    agent, task, call = accepted(api, timeout_ms=300, retry_policy=QUICK)
    done = api.wait(task, "completed")
    assert done["output"] == {"from_": "the second attempt"}
    api.report(call, "complete", {"output": "too late"}, expect=409)
    after = api.show(task)
    assert (after["status"], after["output"]) == ("completed", done["output"])
    (late,) = api.told(task, "late_result")
    assert late["severity"] == "warning" and late["attempt"] == 1 and "too late" in json.dumps(late["data"])
    assert after["version"] == late["seq"] and len(agent.calls()) == 2


def test_an_answer_after_the_timeout_is_too_late(api: Api) -> None:
    agent = api.agent({"wait": 1, "body": "too late"}, ok())
    task = api.run(agent, timeout_ms=200, retry_policy=QUICK)
    assert task["output"] == {"ok": True} and [one["status"] for one in api.attempts(task)] == ["failed", "succeeded"]
    eventually(lambda: agent.calls()[0]["ended_at"], "the first call ends")
    api.settle()
    assert api.show(task)["output"] == {"ok": True} and api.types(task).count("task_completed") == 1


def test_a_report_after_the_cancel_is_told_so(api: Api) -> None:
    _, task, call = accepted(api)
    api.post(f"/tasks/{task['id']}/cancel", {}, expect=202)
    problem = api.report(call, "complete", {"output": 1}, expect=409)
    assert problem["type"].endswith("task-cancelled")
    assert api.report(call, "progress", {"percent": 1}, expect=409)["type"].endswith("task-cancelled")
    assert api.show(task)["status"] == "cancelled" and api.show(task)["output"] is None
    assert "late_result" in api.types(task)


@pytest.mark.parametrize("answer", [ok(from_="the answer"), {"status": 500}, {"do": "reset"}, ACCEPT],
                         ids=["200", "500", "reset", "202"])
def test_a_report_before_the_answer_wins(api: Api, answer: JSON) -> None:
    agent = api.agent(answer | {"reports_first": True, "reports": [{"do": "complete", "body": {"output": "reported"}}]})
    task = api.run(agent)
    call = eventually(lambda: next((one for one in agent.calls() if one["ended_at"]), None), "the callback ends")
    assert [report["status"] for report in call["reports"]] == [200]
    api.settle()
    assert api.show(task)["output"] == "reported" and len(agent.calls()) == 1
    types = api.types(task)
    assert types.count("attempt_success") == 1 and "attempt_failed" not in types and types.count("task_completed") == 1


def test_an_accepted_attempt_survives_a_kill(serve: Callable[..., Api]) -> None:
    api = serve()
    agent, task, call = accepted(api)
    api.server.restart()
    api.report(call, "progress", {"percent": 50})
    api.report(call, "complete", {"output": "as promised"})
    assert api.wait(task, "completed")["output"] == "as promised"
    types = api.types(task)
    assert "attempt_abandoned" not in types and len(agent.calls()) == 1
    api.server.restart()
    api.report(call, "complete", {"output": "as promised"})
    assert api.types(task) == types, "the same report again, even after a restart"
