"""Recovery over the API: fallback chains, whose they are, what is wrong with them, and what strategies there are."""

from __future__ import annotations

import pytest

from harness import Api, JSON

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"  # a UUIDv7 that nobody made
CHAINS = "/recovery/fallback-chain"

ALL_STEPS = [
    {"strategy": "retry", "max_attempts": 3, "delay_ms": 100},
    {"strategy": "wait_and_retry", "delay_ms": 5000, "when": {"error_types": ["rate_limit", "timeout"]}},
    {"strategy": "switch_agent"},
    {"strategy": "increase_timeout", "factor": 3, "max_ms": 60000},
    {"strategy": "refresh_credentials", "when": {"error_types": ["auth_failure"]}},
    {"strategy": "modify_input", "patch": {"currency": None, "region": "eu"}},
    {"strategy": "use_output", "output": None, "when": {"error_types": ["not_found"]}},
    {"strategy": "compensate", "task": {"type": "payment.refund", "input": {"a": [1, 2.50]}, "priority": 5, "timeout_ms": 100}},
    {"strategy": "notify", "message": "Ünusual"},
    {"strategy": "escalate", "message": "Well?", "timeout_ms": 1000, "then": "continue"},
    {"strategy": "discard", "note": "no"},
]


def chain(api: Api, *steps: JSON, **members: object) -> JSON:
    body = {"name": "a chain", "steps": list(steps) or [{"strategy": "retry"}]} | members
    return api.post(CHAINS, body, expect=201)


def faults(api: Api, body: JSON, method: str = "POST", path: str = CHAINS) -> dict[str, str]:
    problem = api.refused(422, method, path, body)
    return {fault["pointer"]: fault["detail"] for fault in problem["errors"]}


@pytest.fixture(scope="module")
def otto(api: Api) -> Api:
    return api.as_user("otto")


# What a chain is

def test_a_chain_of_all_strategies_comes_back_as_it_was_given(api: Api) -> None:
    agent = api.agent()
    match = {"task_type": "payment.capture", "agent_id": agent.id, "error_types": ["timeout", "server_error"], "min_amount": "100.00"}
    response = api.call("POST", CHAINS, {"name": "All", "match": match, "steps": ALL_STEPS}, expect=201)
    made = response.json()
    assert response.headers["Location"] == f"/api/v1{CHAINS}/{made['id']}" and response.headers["ETag"] == '"v1"'
    assert made["version"] == 1 and made["enabled"] is True and made["task_id"] is None
    assert made["match"] == match | {"user_id": None} and made["user_id"] == "admin" and made["created_by"] == "user:admin"
    for given, kept in zip(ALL_STEPS, made["steps"], strict=True):
        assert {"when": None} | given == {key: kept[key] for key in {"when": None} | given} or given["strategy"] == "compensate"
        assert all(value is None for key, value in kept.items() if key not in {"when": None} | given and key not in ("delay_ms", "then"))
    assert made["steps"][7]["task"]["input"] == {"a": [1, 2.50]} and made["steps"][5]["patch"] == {"currency": None, "region": "eu"}
    assert made["steps"][2]["agent_id"] is None and made["steps"][6]["output"] is None
    assert api.get(f"{CHAINS}/{made['id']}") == made
    again = api.call("PUT", f"{CHAINS}/{made['id']}", {key: made[key] for key in ("name", "match", "steps", "enabled")}, expect=200).json()
    assert again["steps"] == made["steps"] and again["version"] == 2, "what is read can be written"


def test_every_change_makes_a_version_and_if_match_is_kept(api: Api) -> None:
    made = chain(api)
    path = f"{CHAINS}/{made['id']}"
    body = {"name": "changed", "enabled": False, "steps": [{"strategy": "notify"}]}
    response = api.call("PUT", path, body, expect=200, headers={"If-Match": '"v1"'})
    changed = response.json()
    assert response.headers["ETag"] == '"v2"' and changed["version"] == 2 and changed["enabled"] is False
    assert changed["created_at"] == made["created_at"] and changed["updated_at"] >= made["updated_at"]
    api.refused(412, "PUT", path, body, headers={"If-Match": '"v1"'})
    api.refused(412, "DELETE", path, headers={"If-Match": '"v1"'})
    assert api.call("GET", path, expect=304, headers={"If-None-Match": '"v2"'}).content == b""
    assert api.get(path) == changed
    api.call("DELETE", path, expect=204, headers={"If-Match": '"v2"'})
    for method in ("GET", "PUT", "DELETE"):
        api.refused(404, method, path, body if method == "PUT" else None)
    audit = [entry for entry in api.pages("/audit", kind="chain") if entry["key"] == made["id"]]
    assert [entry["type"] for entry in audit] == ["chain_deleted", "chain_updated", "chain_created"]


def test_an_idempotency_key_makes_one_chain(api: Api) -> None:
    body = {"name": api.name("chain"), "steps": [{"strategy": "retry"}]}
    first = api.call("POST", CHAINS, body, expect=201, headers={"Idempotency-Key": body["name"]})
    second = api.call("POST", CHAINS, body, expect=201, headers={"Idempotency-Key": body["name"]})
    assert second.json() == first.json() and second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert [one["id"] for one in api.pages(CHAINS) if one["name"] == body["name"]] == [first.json()["id"]]


def test_chains_survive_a_kill(serve) -> None:  # type: ignore[no-untyped-def]
    api = serve()
    made = [chain(api, name=f"chain {n}") for n in range(5)]
    changed = api.call("PUT", f"{CHAINS}/{made[2]['id']}", {"name": "new", "steps": ALL_STEPS}, expect=200).json()
    api.call("DELETE", f"{CHAINS}/{made[3]['id']}", expect=204)
    api.server.restart()
    assert api.pages(CHAINS) == [made[4], changed, made[1], made[0]], "newest first"
    assert api.pages(CHAINS, limit=1) == api.pages(CHAINS)


# Whose it is

def test_users_see_and_touch_only_their_own(api: Api, otto: Api) -> None:
    ours, theirs = chain(api), chain(otto, match={"task_type": "test.task"})
    assert theirs["user_id"] == "otto" and theirs["match"]["user_id"] == "otto", "an operator's chain is for their own tasks"
    assert ours["id"] not in [one["id"] for one in otto.pages(CHAINS)]
    assert {ours["id"], theirs["id"]} <= {one["id"] for one in api.pages(CHAINS)}
    body = {"name": "x", "steps": [{"strategy": "retry"}]}
    for method in ("GET", "PUT", "DELETE"):
        otto.refused(404, method, f"{CHAINS}/{ours['id']}", body if method == "PUT" else None)
    kept = api.call("PUT", f"{CHAINS}/{theirs['id']}", body | {"match": {}}, expect=200).json()
    assert kept["user_id"] == "otto" and kept["match"]["user_id"] == "otto", "an admin's change does not take it over"
    otto.refused(403, "POST", CHAINS, body | {"match": {"user_id": "ann"}})
    assert chain(otto, match={"user_id": "otto"})["match"]["user_id"] == "otto"
    assert chain(api, match={"user_id": "ann"})["match"]["user_id"] == "ann"
    lesser = api.as_user("admin")
    assert lesser.get(f"{CHAINS}/{ours['id']}") == api.get(f"{CHAINS}/{ours['id']}"), "the same user's, with a lesser key"
    lesser.refused(403, "PUT", f"{CHAINS}/{ours['id']}", body | {"match": {"user_id": "ann"}})
    lesser.refused(403, "DELETE", f"{CHAINS}/{ours['id']}")
    vera = api.as_user("vera", "viewer")
    for method, path in (("GET", CHAINS), ("POST", CHAINS), ("GET", f"{CHAINS}/{ours['id']}")):
        vera.refused(403, method, path, body if method == "POST" else None)


def test_a_task_names_a_chain_of_its_own_or_of_an_admin(api: Api, otto: Api) -> None:
    agent = api.agent(paused=True)
    ours, theirs, anns = chain(api), chain(otto), chain(api.as_user("ann"))
    for named in (ours, theirs):
        assert otto.task(agent, fallback_chain_id=named["id"])["fallback_chain_id"] == named["id"]
    assert api.task(agent, fallback_chain_id=anns["id"])["fallback_chain_id"] == anns["id"]
    for named in (anns["id"], UNKNOWN, "x"):
        task = {"type": "t", "fallback_chain_id": named}
        assert list(faults(otto, task, path="/tasks")) == ["/fallback_chain_id"]
    assert list(faults(otto, {"tasks": [{"type": "t"}, task]}, path="/tasks/batch")) == ["/tasks/1/fallback_chain_id"]
    api.call("DELETE", f"{CHAINS}/{ours['id']}", expect=204)
    assert list(faults(otto, {"type": "t", "fallback_chain_id": ours["id"]}, path="/tasks")) == ["/fallback_chain_id"]


def test_a_chain_for_one_task_needs_that_task(api: Api, otto: Api) -> None:
    agent = api.agent(paused=True)
    mine, anns = otto.task(agent), api.task(agent, user_id="ann")
    assert chain(otto, task_id=mine["id"])["task_id"] == mine["id"]
    assert chain(api, task_id=anns["id"])["task_id"] == anns["id"], "an admin's chain may be for anybody's task"
    body = {"name": "x", "steps": [{"strategy": "retry"}]}
    for named in (anns["id"], UNKNOWN, "nonsense", ""):
        assert faults(otto, body | {"task_id": named}) == {"/task_id": "names no task"}
    assert list(faults(otto, body | {"task_id": mine["id"], "match": {}})) == ["/task_id"]


# What is wrong with it

STEP_FAULTS = [
    ({}, "strategy", "is required"),
    ({"strategy": "pray"}, "strategy", "must be one of retry, wait_and_retry"),
    ({"strategy": 5}, "strategy", "must be a string"),
    ({"strategy": "retry", "max_attempts": 0}, "max_attempts", "from 1 to 100"),
    ({"strategy": "retry", "max_attempts": 101}, "max_attempts", "from 1 to 100"),
    ({"strategy": "retry", "delay_ms": -1}, "delay_ms", "whole number"),
    ({"strategy": "retry", "delay_ms": 1.5}, "delay_ms", "whole number"),
    ({"strategy": "retry", "delay": 1}, "delay", "not a member"),
    ({"strategy": "retry", "patch": {}}, "patch", "is not a parameter of retry, which has max_attempts, delay_ms"),
    ({"strategy": "refresh_credentials", "delay_ms": 1}, "delay_ms", "is not a parameter of refresh_credentials, which has none"),
    ({"strategy": "switch_agent", "agent_id": "nobody"}, "agent_id", "no registered agent"),
    ({"strategy": "switch_agent", "agent_id": "No Slug"}, "agent_id", "must be 1 to 64"),
    ({"strategy": "increase_timeout", "factor": 1}, "factor", "between"),
    ({"strategy": "increase_timeout", "factor": "2"}, "factor", "number"),
    ({"strategy": "increase_timeout", "max_ms": 0}, "max_ms", "whole number"),
    ({"strategy": "modify_input"}, "patch", "is required"),
    ({"strategy": "modify_input", "patch": None}, "patch", "must not be null"),
    ({"strategy": "use_output"}, "output", "is required"),
    ({"strategy": "compensate"}, "task", "is required"),
    ({"strategy": "compensate", "task": []}, "task", "object"),
    ({"strategy": "compensate", "task": {}}, "task/type", "is required"),
    ({"strategy": "compensate", "task": {"type": "kintsugi.x"}}, "task/type", "reserved"),
    ({"strategy": "compensate", "task": {"type": "t", "agent_id": "nobody"}}, "task/agent_id", "no registered agent"),
    ({"strategy": "compensate", "task": {"type": "t", "metadata": {}}}, "task/metadata", "not a member"),
    ({"strategy": "notify", "message": 5}, "message", "string"),
    ({"strategy": "escalate", "then": "shrug"}, "then", "must be one of fail, continue"),
    ({"strategy": "escalate", "timeout_ms": 0}, "timeout_ms", "whole number"),
    ({"strategy": "escalate", "then": "continue"}, "then", "no step comes after"),
    ({"strategy": "discard", "note": "\u0000"}, "note", "U+0000"),
    ({"strategy": "retry", "when": {}}, "when/error_types", "is required"),
    ({"strategy": "retry", "when": {"error_types": []}}, "when/error_types", "array of 1"),
    ({"strategy": "retry", "when": {"error_types": ["oops"]}}, "when/error_types/0", "must be one of timeout"),
    ({"strategy": "retry", "when": {"error_types": ["timeout", "timeout"]}}, "when/error_types/1", "twice"),
    ({"strategy": "retry", "when": "timeout"}, "when", "object"),
]


@pytest.mark.parametrize("step, member, detail", STEP_FAULTS, ids=lambda value: str(value)[:60])
def test_a_faulty_step_is_named(api: Api, step: JSON, member: str, detail: str) -> None:
    found = faults(api, {"name": "x", "steps": [{"strategy": "retry"}, step]})
    assert list(found) == [f"/steps/1/{member}"] and detail in found[f"/steps/1/{member}"], found


@pytest.mark.parametrize("last", [{"strategy": "discard"}, {"strategy": "use_output", "output": 1}], ids=lambda step: step["strategy"])
def test_nothing_can_come_after_an_end(api: Api, last: JSON) -> None:
    found = faults(api, {"name": "x", "steps": [last, {"strategy": "retry"}]})
    assert list(found) == ["/steps/0/strategy"] and "can never run" in found["/steps/0/strategy"]
    chain(api, last | {"when": {"error_types": ["timeout"]}}, {"strategy": "retry"})
    chain(api, {"strategy": "retry"}, last)


@pytest.mark.parametrize("members, pointer, detail", [
    ({"name": ""}, "/name", "1 to 200"), ({"name": None}, "/name", "null"), ({"name": "x" * 201}, "/name", "1 to 200"),
    ({"steps": []}, "/steps", "1 to 20"), ({"steps": None}, "/steps", "null"), ({"steps": {}}, "/steps", "array"),
    ({"steps": [{"strategy": "retry"}] * 21}, "/steps", "1 to 20"), ({"steps": [5]}, "/steps/0", "object"),
    ({"enabled": "yes"}, "/enabled", "true or false"), ({"colour": 1}, "/colour", "not a member"), ({"version": 1}, "/version", "not a member"),
    ({"match": []}, "/match", "object"), ({"match": {"min_amount": "lots"}}, "/match/min_amount", "digits"),
    ({"match": {"min_amount": 5}}, "/match/min_amount", "string"), ({"match": {"min_amount": "-5"}}, "/match/min_amount", "digits"),
    ({"match": {"error_types": ["oops"]}}, "/match/error_types/0", "must be one of"), ({"match": {"error_types": "timeout"}}, "/match/error_types", "array"),
    ({"match": {"agent_id": "nobody"}}, "/match/agent_id", "no registered agent"), ({"match": {"task_type": "A b"}}, "/match/task_type", "a-z"),
    ({"match": {"user_id": "a b"}}, "/match/user_id", "visible"), ({"match": {"type": "t"}}, "/match/type", "not a member"),
], ids=lambda value: str(value)[:50])
def test_a_fault_of_the_chain_is_named(api: Api, members: JSON, pointer: str, detail: str) -> None:
    body = {"name": "x", "steps": [{"strategy": "retry"}]}
    for method, path in (("POST", CHAINS), ("PUT", f"{CHAINS}/{chain(api)['id']}")):
        found = faults(api, body | members, method, path)
        assert list(found) == [pointer] and detail in found[pointer], found


def test_all_faults_are_named_at_once(api: Api) -> None:
    found = faults(api, {"match": {"min_amount": "x", "error_types": ["y"]}, "task_id": "z", "extra": 1, "steps": [
        {"strategy": "discard"}, {"strategy": "modify_input"}, {"strategy": "increase_timeout", "factor": 0, "patch": 1},
        {"strategy": "escalate", "then": "continue"}]})
    assert set(found) == {
        "/name", "/match/min_amount", "/match/error_types/0", "/task_id", "/extra", "/steps/0/strategy", "/steps/1/patch",
        "/steps/2/factor", "/steps/2/patch", "/steps/3/then"}
