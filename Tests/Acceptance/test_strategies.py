"""The catalogue of strategies, what has worked here, and what a chain would have done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import Api, JSON, ok

CHAINS = "/recovery/fallback-chain"
TYPES = """timeout auth_failure rate_limit network_error validation_error server_error not_found client_error missing_callback
    address_refused circuit_open handler_error agent_reported invalid_response worker_lost deadline_exceeded cancelled""".split()
STRATEGIES = """retry wait_and_retry switch_agent increase_timeout refresh_credentials modify_input use_output compensate notify
    escalate discard""".split()
PARAMETERS = {
    "retry": ["max_attempts", "delay_ms"], "wait_and_retry": ["delay_ms"], "switch_agent": ["agent_id"],
    "increase_timeout": ["factor", "max_ms"], "refresh_credentials": [], "modify_input": ["patch"], "use_output": ["output"],
    "compensate": ["task"], "notify": ["message"], "escalate": ["message", "timeout_ms", "then"], "discard": ["note"]}


def measured(api: Api, error: str) -> dict[str, tuple[int, int]]:
    """Tried and recovered of what was tried."""
    found = api.get(f"/recovery/strategies/{error}")["strategies"]
    return {one["strategy"]: (one["measured"]["tried"], one["measured"]["recovered"])
            for one in found if one["measured"] and one["measured"]["tried"]}


def order(api: Api, error: str) -> list[str]:
    return [one["strategy"] for one in api.get(f"/recovery/strategies/{error}")["strategies"]]


def chain(api: Api, *steps: JSON, **members: object) -> JSON:
    return api.post(CHAINS, {"name": "a chain", "steps": list(steps)} | members, expect=201)


def until_measured(api: Api, error: str, expected: dict[str, tuple[int, int]]) -> None:
    assert measured(api, error) == expected, api.get(f"/recovery/strategies/{error}")


# The catalogue

def test_every_error_type_has_its_strategies(api: Api) -> None:
    listed = api.get("/recovery/strategies")
    assert [one["error_type"] for one in listed["data"]] == TYPES and listed["next_cursor"] is None
    used = set()
    for one in listed["data"]:
        assert api.get(f"/recovery/strategies/{one['error_type']}") == one
        assert one["class"] in ("retryable", "permanent") and one["description"].endswith(".")
        assert [entry["rank"] for entry in one["strategies"]] == list(range(1, len(one["strategies"]) + 1))
        for entry in one["strategies"]:
            used.add(entry["strategy"])
            assert [parameter["name"] for parameter in entry["parameters"]] == PARAMETERS[entry["strategy"]]
            assert entry["description"].endswith(".") and isinstance(entry["automatic"], bool)
            assert (entry["measured"] is None) == (entry["strategy"] in ("compensate", "notify", "discard"))
    assert used == set(STRATEGIES)
    by_type = {one["error_type"]: one for one in listed["data"]}
    assert by_type["auth_failure"]["strategies"][0]["strategy"] == "refresh_credentials"
    assert not any(entry["automatic"] for entry in by_type["cancelled"]["strategies"]), "no chain follows a cancellation"


def test_a_viewer_may_read_it_and_an_unknown_type_is_404_naming_the_known(api: Api) -> None:
    vera = api.as_user("vera", "viewer")
    assert vera.get("/recovery/strategies/timeout") == api.get("/recovery/strategies/timeout")
    problem = vera.refused(404, "GET", "/recovery/strategies/oops")
    assert all(name in problem["detail"] for name in TYPES)
    api.refused(422, "GET", "/recovery/strategies", params={"limit": 1})


def test_ranges_in_the_catalogue_are_those_that_are_checked(api: Api) -> None:
    for entry in api.get("/recovery/strategies/timeout")["strategies"]:
        for parameter in entry["parameters"]:
            for bound, step in (("minimum", -1), ("maximum", 1)):
                if parameter[bound] is None:
                    continue
                good = {"strategy": entry["strategy"], parameter["name"]: parameter[bound]}
                chain(api, good)
                bad = good | {parameter["name"]: parameter[bound] + step}
                faults = api.refused(422, "POST", CHAINS, {"name": "x", "steps": [bad]})["errors"]
                assert [fault["pointer"] for fault in faults] == [f"/steps/0/{parameter['name']}"]


# Measured

def test_what_people_try_is_measured_and_ranks(serve: Callable[..., Api]) -> None:
    api = serve()
    assert measured(api, "auth_failure") == {}
    healthy = api.agent()
    for tries in range(1, 6):
        broken = api.agent(401)
        task = api.run(broken, "failed")
        entry = api.entry(task)
        assert entry["suggested_strategies"][0] == "refresh_credentials", "too few tries change nothing"
        api.post(f"/failed-tasks/{entry['id']}/retry", {"agent_id": healthy.id}, expect=202)
        api.wait(task, "completed")
        until_measured(api, "auth_failure", {"switch_agent": (tries, tries)})
    assert order(api, "auth_failure")[0] == "switch_agent"
    entry = api.get("/recovery/strategies/auth_failure")["strategies"][0]
    assert entry["measured"]["success_rate"] == 1 and entry["measured"]["since"] is not None and entry["rank"] == 1
    assert api.entry(api.run(broken, "failed"))["suggested_strategies"][0] == "switch_agent"
    task = api.run(api.agent(400), "failed", input={"a": 1})
    for body, strategy in (({}, "retry"), ({"input": {"a": 1}}, "retry"), ({"input": {"a": 2}}, "modify_input")):
        before = measured(api, "validation_error").get(strategy, (0, 0))
        api.post(f"/tasks/{task['id']}/retry", body, expect=202)
        api.wait(task, "failed")
        assert measured(api, "validation_error")[strategy] == (before[0] + 1, before[1]), strategy
    known = api.get("/recovery/strategies")
    api.server.restart()
    assert api.get("/recovery/strategies") == known, "the figures are in the file"


def test_steps_of_chains_are_measured(serve: Callable[..., Api]) -> None:
    api = serve()
    made = chain(
        api, {"strategy": "notify", "message": "hm"}, {"strategy": "retry", "max_attempts": 2},
        {"strategy": "use_output", "output": {"cached": True}})
    task = api.run(api.agent(400), fallback_chain_id=made["id"])
    assert task["output"] == {"cached": True}
    until_measured(api, "validation_error", {"retry": (1, 0), "use_output": (1, 1)})
    assert api.get(f"{CHAINS}/{made['id']}")["stats"] == {"started": 1, "recovered": 1, "exhausted": 0, "success_rate": 1}
    hopeless = chain(api, {"strategy": "retry"})
    api.run(api.agent(404), "failed", fallback_chain_id=hopeless["id"])
    until_measured(api, "not_found", {"retry": (1, 0)})
    listed = {one["id"]: one["stats"] for one in api.pages(CHAINS)}
    assert listed[hopeless["id"]] == {"started": 1, "recovered": 0, "exhausted": 1, "success_rate": 0}
    api.run(api.agent(404, ok()), fallback_chain_id=hopeless["id"])
    assert api.get(f"{CHAINS}/{hopeless['id']}")["stats"]["success_rate"] == 0.5


@pytest.mark.parametrize("action, recovered", [("complete", 1), ("fail", 0)])
def test_what_a_person_decides_is_measured(serve: Callable[..., Api], action: str, recovered: int) -> None:
    api = serve()
    made = chain(api, {"strategy": "escalate", "message": "Well?"})
    task = api.task(api.agent(404), fallback_chain_id=made["id"])
    api.wait(task, "waiting")
    assert measured(api, "not_found") == {}, "what is still under way says nothing"
    api.post(f"/tasks/{task['id']}/decide", {"action": action} | ({"output": 1} if recovered else {}), expect=202)
    api.wait(task, "completed" if recovered else "failed")
    until_measured(api, "not_found", {"escalate": (1, recovered)})


# Simulate

SINCE = "2020-01-01T00:00:00Z"


def simulate(api: Api, made: JSON, **body: object) -> JSON:
    before = api.get("/failed-tasks/summary") | {"at": None}
    found = api.post(f"{CHAINS}/{made['id']}/simulate", {"since": SINCE} | body, expect=200)
    assert api.get("/failed-tasks/summary") | {"at": None} == before, "nothing was changed"
    counted = ("would_recover", "would_not", "unknown", "escalated", "discarded", "skipped")
    assert found["matched"] == sum(found[name] for name in counted) and found["matched"] <= found["examined"]
    assert all(one["known"] == (one["outcome"] != "unknown") and one["why"] for one in found["tasks"])
    return found


def outcomes(found: JSON) -> dict[str, tuple[str, int | None]]:
    return {one["task_id"]: (one["outcome"], one["at_step"]) for one in found["tasks"]}


def test_what_a_chain_would_have_done_is_known_only_where_it_was_recorded(serve: Callable[..., Api]) -> None:
    api = serve()
    healthy, other = api.agent(), api.agent()
    kind = {"type": "shop.order", "retry_policy": {"max_attempts": 1}}
    never, mended, again = (api.run(api.agent(*answers), "failed", **kind) for answers in ((500,), (500,), (500, 404, ok())))
    api.run(api.agent(500), "failed", type="shop.refund", retry_policy={"max_attempts": 1})
    api.post(f"/tasks/{mended['id']}/retry", {"agent_id": healthy.id}, expect=202)
    api.wait(mended, "completed")
    api.post(f"/tasks/{again['id']}/retry", {}, expect=202)
    api.wait(again, "failed")
    match = {"task_type": "shop.order", "error_types": ["server_error"]}
    switch = simulate(api, chain(api, {"strategy": "switch_agent", "agent_id": healthy.id}, match=match))
    assert switch["examined"] == 5 and switch["matched"] == 3, switch
    assert outcomes(switch) == {never["id"]: ("unknown", 1), mended["id"]: ("recovered", 1), again["id"]: ("unknown", 1)}
    assert healthy.id in next(one["why"] for one in switch["tasks"] if one["task_id"] == mended["id"])
    assert switch["estimated_rate"] is None, "too few tries"
    elsewhere = simulate(api, chain(api, {"strategy": "switch_agent", "agent_id": other.id}, match=match))
    assert elsewhere["unknown"] == 3, "another agent was never tried"
    retry = simulate(api, chain(api, {"strategy": "retry"}, match=match))
    assert outcomes(retry) == {never["id"]: ("unknown", 1), mended["id"]: ("unknown", 1), again["id"]: ("exhausted", None)}
    known = simulate(api, chain(api, {"strategy": "retry"}, {"strategy": "use_output", "output": 1}, match=match))
    assert known["would_recover"] == 3 and known["unknown"] == 0, "either the retry mends it or the output does"
    asked = simulate(api, chain(api, {"strategy": "notify"}, {"strategy": "escalate"}, match=match))
    assert asked["escalated"] == 3 and set(outcomes(asked).values()) == {("escalated", 2)}
    assert simulate(api, chain(api, {"strategy": "discard"}, match=match))["discarded"] == 3
    assert simulate(api, chain(api, {"strategy": "discard"}))["matched"] == 0, "none of them names it"
    assert simulate(api, chain(api, {"strategy": "discard"}, match=match), limit=1)["examined"] == 1
    late = simulate(api, chain(api, {"strategy": "discard"}, match=match), since="2999-01-01T00:00:00Z")
    assert late["examined"] == 0 and late["since"] == "2999-01-01T00:00:00.000Z"


def test_what_is_unknown_is_estimated_by_what_was_measured(serve: Callable[..., Api]) -> None:
    api = serve()
    healthy = api.agent()
    for _ in range(5):
        task = api.run(api.agent(401), "failed", type="a.b")
        api.post(f"/tasks/{task['id']}/retry", {"agent_id": healthy.id}, expect=202)
        api.wait(task, "completed")
    api.run(api.agent(401), "failed", type="c.d")
    found = simulate(api, chain(api, {"strategy": "switch_agent"}, match={"task_type": "c.d"}))
    assert found["unknown"] == 1 and found["estimated_rate"] == 1 and found["tasks"][0]["estimated_rate"] == 1
    ended = api.run(api.agent(ok()), "failed", type="e.f", deadline_at="2020-01-01T00:00:00Z")
    skipped = simulate(api, chain(api, {"strategy": "discard"}, match={"task_type": "e.f"}))
    assert outcomes(skipped) == {ended["id"]: ("skipped", None)}


def test_a_chain_that_is_not_kept_can_be_tried_and_users_see_their_own(serve: Callable[..., Api]) -> None:
    api = serve()
    otto = api.as_user("otto")
    agent = api.agent(404)
    ours, theirs = api.run(agent, "failed"), otto.run(agent, "failed")
    draft = {"steps": [{"strategy": "use_output", "output": None}], "since": SINCE}
    both = api.post("/recovery/simulate", draft, expect=200)
    assert both["chain_id"] is None and both["would_recover"] == both["matched"] == both["examined"] == 2
    assert {one["task_id"] for one in both["tasks"]} == {ours["id"], theirs["id"]}
    own = otto.post("/recovery/simulate", draft | {"match": {}}, expect=200)
    assert [one["task_id"] for one in own["tasks"]] == [theirs["id"]] and own["examined"] == 1
    kept = chain(otto, {"strategy": "discard"}, match={})
    assert simulate(otto, kept)["examined"] == simulate(api, kept)["examined"] == 1, "as its owner sees it"
    everybody = chain(api, {"strategy": "discard"}, match={})
    assert simulate(api, everybody)["examined"] == 2
    lesser = api.as_user("admin")
    assert [one["task_id"] for one in simulate(lesser, everybody)["tasks"]] == [ours["id"]], "a lesser key sees its user's"
    api.call("DELETE", f"{CHAINS}/{everybody['id']}", expect=204)
    assert api.pages(CHAINS) == [api.get(f"{CHAINS}/{kept['id']}")], "drafts are not kept"
    for body, pointer in (({}, "/since"), ({"since": "soon"}, "/since"), ({"since": SINCE, "limit": 0}, "/limit"),
                          ({"since": SINCE, "limit": 1001}, "/limit"), ({"since": SINCE, "colour": 1}, "/colour")):
        problem = api.refused(422, "POST", f"{CHAINS}/{kept['id']}/simulate", body)
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
        problem = api.refused(422, "POST", "/recovery/simulate", draft | {"since": None} | body)
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    problem = api.refused(422, "POST", "/recovery/simulate", {"steps": [{"strategy": "pray"}]})
    assert {fault["pointer"] for fault in problem["errors"]} == {"/since", "/steps/0/strategy"}
    api.as_user("ann").refused(404, "POST", f"{CHAINS}/{kept['id']}/simulate", {"since": SINCE})
    api.as_user("vera", "viewer").refused(403, "POST", "/recovery/simulate", draft)
