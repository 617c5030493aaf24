"""Ten thousand failures of three causes: grouped by cause, mended by one act, whatever is killed meanwhile."""

from __future__ import annotations

import json
import random
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from harness import BINARY, CALM, Agent, Api, JSON, eventually

MANY = 10_000
NOW = {"max_attempts": 6, "base_delay_ms": 10}  # refusals are permanent; what dies with the server is tried again


class Noise:
    """Everything that differs from call to call in what providers write."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def hex(self, digits: int) -> str:
        return f"{self.rng.getrandbits(digits * 4):0{digits}x}"

    def id(self) -> str:
        return self.rng.choice([
            str(uuid.UUID(int=self.rng.getrandbits(128), version=4)), "req_" + self.hex(11) + "7", self.hex(40),
            "01J" + "".join(self.rng.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=23)), str(self.rng.randrange(10**9))])

    def time(self) -> str:
        return self.rng.choice([
            f"2026-11-{self.rng.randrange(10, 29)}T{self.rng.randrange(10, 24)}:05:{self.rng.randrange(10, 60)}.{self.rng.randrange(1000):03}Z",
            f"{self.rng.choice(['Mon', 'Tue', 'Sun'])}, {self.rng.randrange(1, 29)} {self.rng.choice(['Jan', 'May', 'Nov'])} 2026 10:00:{self.rng.randrange(10, 60)} GMT"])

    def host(self) -> str:
        n = self.rng.randrange
        return self.rng.choice([f"10.0.{n(256)}.{n(256)}:{n(1, 65536)}", f"[2001:db8::{self.hex(4)}]:443", f"node-{n(99)}.eu.acme.com", "pay.acme.internal:8443"])

    def locked(self) -> JSON:
        return {"status": 422, "raw": f"order {self.id()} is locked by {self.host()} since {self.time()}"}

    def declined(self) -> JSON:
        return {"status": 422, "body": {"error": {"code": "card_declined", "message": f"The card ending in {self.rng.randrange(1000, 9999)} was declined by its bank"},
                                        "request_id": self.id(), "at": self.time()}}

    def unknown(self) -> JSON:
        user = self.rng.choice(["ann", "bob", "eve"])
        return {"status": 404, "raw": f"No account '{self.id()}' of {user}@{user}.example, see https://{self.host()}/help?t={self.id()}"}


def unfinished(api: Api, agent: Agent) -> str:
    """What became of those that are not done, and the whole story of one."""
    left = [task for task in api.pages("/tasks", agent=agent.id) if task["status"] != "completed"]
    story = [json.dumps({name: entry[name] for name in ("type", "at", "data")})[:300] for entry in api.get(f"/tasks/{left[0]['id']}/timeline")["data"]] if left else []
    states = Counter((task["status"], task["round_attempt"], task["next_attempt_at"]) for task in left).most_common(10)
    return "\n".join(["all are done", str(states), str(api.get(f"/agents/{agent.id}"))[:1500], *story])


def fail(api: Api, agent: Agent, count: int, **members: Any) -> None:
    """Makes so many tasks and waits until all of them are dead letters."""
    before = api.get("/failed-tasks/summary")["in"]
    task = {"type": "test.many", "agent_id": agent.id, "retry_policy": NOW} | members
    for _ in range(0, count, 1000):
        api.post("/tasks/batch", {"tasks": [task] * min(1000, count)}, expect=201)
    eventually(lambda: api.get("/failed-tasks/summary")["in"] == before + count, lambda: str(api.get("/failed-tasks/summary")), timeout=180)


def balanced(api: Api) -> JSON:
    """in = out + pending, whatever goes on."""
    summary = api.get("/failed-tasks/summary")
    assert summary["in"] == summary["out"] + summary["pending"], summary
    return summary


def bulk(api: Api, action: str, subject: str = "failed-tasks", **members: Any) -> JSON:
    return api.post(f"/{subject}/bulk", {"action": action} | members, expect=202)


def ended(api: Api, operation: JSON, status: str = "completed", timeout: float = 120) -> JSON:
    def there() -> JSON | None:
        balanced(api)
        now = api.get(f"/bulk-operations/{operation['id']}")
        return now if now["status"] not in ("running", "paused") else None

    now = eventually(there, lambda: str(api.get(f"/bulk-operations/{operation['id']}")), timeout)
    assert now["status"] == status and now["finished_at"], now
    assert now["matched"] == now["done"] + now["failed"] + sum(one["count"] for one in now["skipped"]) + now["remaining"], now
    return now


def requeues(api: Api, agent: Agent) -> Counter[int]:
    """How many tasks of the agent are in which round: each act begins one."""
    return Counter(task["round"] for task in api.pages("/tasks", agent=agent.id))


def sound(api: Api) -> None:
    """Ends the server and has its store checked."""
    api.server.terminate()
    done = subprocess.run([BINARY, "verify", "--data", api.server.data], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ten_thousand_failures_of_three_causes(serve: Callable[..., Api]) -> None:
    api = serve()
    noise = Noise(20260131)
    agent = api.agent(*[kind() for _ in range(300) for kind in (noise.locked, noise.declined, noise.unknown)], seed=4, breaker=CALM, max_concurrency=64)
    fail(api, agent, MANY, payment={"amount": "0.10", "currency": "USD", "kind": "payment"})
    groups = api.pages("/failed-tasks/groups")
    assert sum(group["count"] for group in groups) == MANY and len(groups) == 3, [(one["pattern"], one["count"]) for one in groups]
    assert [one["count"] for one in groups] == sorted((one["count"] for one in groups), reverse=True)
    for group in groups:
        assert group["provider"] == agent.id and group["agents"] == [agent.id] and group["total"] == group["count"]
        assert group["value"] == [{"amount": f"{group['count'] / 10:.2f}", "currency": "USD"}]
        assert group["first_seen"] <= group["last_seen"] and group["sample"]["error_group"] == group["group"] and "task" not in group["sample"]
    by_words = {word: next(group for group in groups if word in group["pattern"]) for word in ("locked", "declined", "account")}
    first = api.get("/failed-tasks", group=by_words["locked"]["group"], status="pending")["data"]
    assert len(first) == 50 and all("is locked" in entry["error"]["message"] for entry in first)

    # One is given up, at once.
    given_up = by_words["account"]
    done = ended(api, bulk(api, "discard", filter={"group": given_up["group"]}, note="no such accounts"))
    assert done["matched"] == done["done"] == given_up["count"] and done["filter"] == {"group": given_up["group"]}
    entry = api.get("/failed-tasks", group=given_up["group"], limit=1)["data"][0]
    assert (entry["status"], entry["note"], entry["closed_by"]) == ("discarded", "no such accounts", "user:admin")

    # A cause that is still broken costs one try, or eleven.
    calls = len(agent.calls())
    stopped = ended(api, bulk(api, "retry", filter={"group": by_words["locked"]["group"]}, canary=True), "stopped")
    assert 1 <= stopped["done"] <= 11 and len(agent.calls()) - calls <= 11, stopped
    assert stopped["stop_reason"] and stopped["remaining"] == by_words["locked"]["count"] - stopped["done"]

    # Mended, everything that is left goes through its stages, with three kills on the way.
    agent.script(200)
    pending = balanced(api)["pending"]
    operation = bulk(api, "retry", filter={"agent": agent.id}, canary=True, note="mended")
    assert operation["matched"] == pending and operation["canary"]["stages"] == [1, 10, "10%", "all"]
    for part in (1, 200, 2500):
        eventually(lambda: api.get(f"/bulk-operations/{operation['id']}")["done"] >= part, lambda: str(api.get(f"/bulk-operations/{operation['id']}")), timeout=120)
        api.server.restart()
        balanced(api)
    done = ended(api, operation, timeout=240)
    assert done["done"] == pending and done["canary"]["stage"] == 4 and done["canary"]["failed_again"] == 0
    assert done["canary"]["recovered"] == pending, "every stage has waited for its tasks"
    summary = balanced(api)
    assert summary["pending"] == 0 and summary["in"] == MANY + stopped["done"]
    assert api.pages("/failed-tasks/groups") == [] and sum(one["total"] for one in api.pages("/failed-tasks/groups", status="all")) == summary["in"]
    retried = next(entry for entry in api.pages("/failed-tasks", status="retried", limit=1))
    requeued = api.told({"id": retried["task_id"]}, "task_requeued")[-1]  # one of the canaries had gone round before
    assert requeued["data"]["trigger"] == "bulk" and requeued["actor"] == "user:admin" and "mended" in requeued["message"], requeued
    sound(api)


def test_a_canary_that_is_refused_elsewhere_and_one_that_recovers(api: Api) -> None:
    agent = api.agent(422, breaker=CALM)
    fail(api, agent, 25)
    stopped = ended(api, bulk(api, "retry", filter={"agent": agent.id}, canary=True), "stopped")
    assert stopped["done"] == 1 and stopped["canary"]["failed_again"] == 1 and "same failure" in stopped["stop_reason"]
    agent.script({"status": 400, "body": {"error": "something_else"}})
    other = ended(api, bulk(api, "retry", filter={"agent": agent.id}, canary=True), "stopped")
    assert other["done"] == 1 and "recovered" in other["stop_reason"]
    agent.script(200)
    done = ended(api, bulk(api, "retry", filter={"agent": agent.id}, canary=True))
    assert done["done"] == 25 and done["canary"]["recovered"] == 25
    elsewhere, kind = api.agent(), api.name("elsewhere")
    agent.script(422)
    fail(api, agent, 3, type=kind)
    ended(api, bulk(api, "retry", filter={"task_type": kind}, agent_id=elsewhere.id))
    eventually(lambda: {task["status"] for task in api.pages("/tasks", type=kind)} == {"completed"}, "all are done elsewhere")
    assert len(elsewhere.calls()) == 3


def test_sigkill_again_and_again_acts_on_each_once(serve: Callable[..., Api]) -> None:
    api = serve()
    agent = api.agent(422, breaker=CALM)
    fail(api, agent, 300)
    agent.script(200)
    operation = bulk(api, "retry", filter={"agent": agent.id}, max_per_second=150)
    seen = 0
    for _ in range(5):
        seen = eventually(lambda: now if (now := api.get(f"/bulk-operations/{operation['id']}")["done"]) > seen else 0, "it goes on")
        api.server.restart()
        assert api.get(f"/bulk-operations/{operation['id']}")["done"] >= seen, "what was recorded stays"
    done = ended(api, operation)
    assert done["done"] == 300 and not done["skipped"]
    assert requeues(api, agent) == {2: 300}
    eventually(lambda: {task["status"] for task in api.pages("/tasks", agent=agent.id)} == {"completed"}, lambda: unfinished(api, agent), timeout=120)
    assert balanced(api)["pending"] == 0
    sound(api)


def test_pause_resume_cancel_and_pace(api: Api) -> None:
    agent = api.agent(422, breaker=CALM)
    fail(api, agent, 60)
    began = time.monotonic()
    operation = bulk(api, "discard", filter={"agent": agent.id}, max_per_second=40)
    path = f"/bulk-operations/{operation['id']}"
    eventually(lambda: api.get(path)["done"] > 0, "it begins")
    paused = api.post(path + "/pause", expect=200)
    assert paused["status"] == "paused" and api.post(path + "/pause", expect=200)["status"] == "paused"
    still = api.get(path)["done"]
    assert 0 < still < 60
    api.settle()
    assert api.get(path)["done"] == still
    assert api.post(path + "/resume", expect=200)["status"] == "running"
    done = ended(api, operation)
    assert done["done"] == 60 and time.monotonic() - began >= 1.2, "40 a second"
    for act in ("pause", "resume", "cancel"):
        assert api.refused(409, "POST", f"{path}/{act}")["type"].endswith("bulk-operation-ended")

    fail(api, agent, 40)
    operation = bulk(api, "discard", filter={"agent": agent.id}, max_per_second=10, note="n")
    path = f"/bulk-operations/{operation['id']}"
    eventually(lambda: api.get(path)["done"] > 0, "it begins")
    cancelled = api.post(path + "/cancel", expect=200, headers={"Idempotency-Key": "cancel-it"})
    assert cancelled["status"] == "cancelled" and cancelled["finished_at"] and cancelled["remaining"] == 40 - cancelled["done"] > 0
    again = api.call("POST", path + "/cancel", headers={"Idempotency-Key": "cancel-it"}, expect=200)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == cancelled
    api.settle()
    assert api.get(path)["done"] == cancelled["done"]
    assert [one["id"] for one in api.get("/bulk-operations", limit=1)["data"]] == [operation["id"]]
    told = [entry["type"] for entry in api.pages("/audit", kind="bulk") if entry["key"] == operation["id"]]
    assert told == ["bulk_ended", "bulk_started"], "starts and ends, not every step"


def test_what_is_asked_is_checked(api: Api) -> None:
    def faults(body: JSON, subject: str = "failed-tasks") -> set[str]:
        return {fault["pointer"] for fault in api.refused(422, "POST", f"/{subject}/bulk", body)["errors"]}

    assert faults({"action": "retry"}) == {"/filter"}
    assert faults({"action": "retry", "filter": {}}) == {"/filter"}
    assert faults({"action": "retry", "filter": {"status": "pending"}}) == {"/filter"}, "only pending ones can be meant"
    assert faults({"action": "retry", "filter": {"agent": "x"}, "all": True}) == {"/all"}
    assert faults({"action": "cancel", "filter": {"agent": "x"}}) == {"/action"}
    assert faults({"action": "resolve", "canary": True, "agent_id": None, "filter": {"status": "retried", "ids": ["x"], "min_amount": "-1"}, "max_per_second": 0}) \
        >= {"/canary", "/filter/status", "/filter/ids/0", "/filter/min_amount", "/max_per_second"}
    assert faults({"action": "retry", "filter": {"agent": "x"}, "agent_id": "nobody-there"}) == {"/agent_id"}
    assert faults({"action": "resolve", "filter": {"agent": "x"}}, "tasks") == {"/action"}
    assert faults({"action": "retry", "filter": {"status": "lost", "nothing": 1}}, "tasks") == {"/filter/status", "/filter/nothing"}
    assert faults({"action": "retry", "filter": {}}, "tasks") == {"/filter"}
    api.refused(404, "GET", "/bulk-operations/" + str(uuid.uuid4()))
    api.refused(404, "POST", "/bulk-operations/nothing/pause")
    none = ended(api, bulk(api, "retry", filter={"group": "0" * 16}))
    assert none["matched"] == none["done"] == 0
    assert api.refused(422, "GET", "/failed-tasks/groups?sort=name&status=gone")["errors"]


def test_scope(api: Api) -> None:
    ann, bob, viewer = api.as_user("ann"), api.as_user("bob"), api.as_user("ann", "viewer")
    agent = api.agent(422, breaker=CALM)
    for user, count in (("ann", 4), ("bob", 3)):
        fail(api, agent, count, user_id=user)
    assert [(one["count"], one["total"]) for one in ann.pages("/failed-tasks/groups", agent=agent.id)] == [(4, 4)]
    assert [one["count"] for one in api.pages("/failed-tasks/groups", agent=agent.id)] == [7], "an admin sees all users' merged"
    assert ann.pages("/failed-tasks/groups", user_id="bob") == []
    viewer.refused(403, "POST", "/failed-tasks/bulk", {"action": "discard", "all": True})
    theirs = [entry["id"] for entry in bob.pages("/failed-tasks", agent=agent.id)]
    dry = ann.call("POST", "/failed-tasks/bulk", {"action": "discard", "filter": {"agent": agent.id}, "dry_run": True}, expect=200).json()
    assert dry["matched"] == 4 and len(dry["sample"]) == 4 and {one["user_id"] for one in dry["sample"]} == {"ann"}
    assert balanced(bob)["pending"] == 3 and balanced(ann)["pending"] == 4, "a dry run changes nothing"
    assert ended(ann, bulk(ann, "discard", filter={"user_id": "bob", "agent": agent.id}))["done"] == 0
    named = ended(ann, bulk(ann, "discard", filter={"ids": theirs}))
    assert named["done"] == 0 and named["skipped"] == [{"reason": "not_found", "count": 3}]
    assert balanced(bob)["pending"] == 3
    everything = ended(ann, bulk(ann, "discard", all=True))
    assert everything["done"] == 4 and balanced(bob)["pending"] == 3
    bob.refused(404, "GET", f"/bulk-operations/{everything['id']}")
    bob.refused(404, "POST", f"/bulk-operations/{everything['id']}/cancel")
    assert bob.pages("/bulk-operations") == [] and everything["id"] in [one["id"] for one in viewer.pages("/bulk-operations")]
    viewer.refused(403, "POST", f"/bulk-operations/{everything['id']}/cancel")
    assert everything["id"] in [one["id"] for one in api.pages("/bulk-operations", limit=2)]
    named = ended(bob, bulk(bob, "resolve", filter={"ids": theirs[:2]}, note="paid by hand"))
    assert named["done"] == 2 and balanced(bob)["pending"] == 1
    key = {"Idempotency-Key": "once"}
    first = bob.call("POST", "/failed-tasks/bulk", {"action": "resolve", "filter": {"agent": agent.id}}, headers=key, expect=202)
    again = bob.call("POST", "/failed-tasks/bulk", {"action": "resolve", "filter": {"agent": agent.id}}, headers=key, expect=202)
    assert first.json()["id"] == again.json()["id"] and again.headers["Idempotency-Replayed"] == "true"


def test_tasks_by_the_hundred(api: Api) -> None:
    agent, kind = api.agent(422, breaker=CALM), api.name("kind")
    tasks = api.post("/tasks/batch", {"tasks": [{"type": kind, "agent_id": agent.id, "delay_ms": 3_600_000, "metadata": {"n": str(n % 2)}} for n in range(250)]}, expect=201)["data"]
    dry = api.call("POST", "/tasks/bulk", {"action": "cancel", "filter": {"type": kind}, "dry_run": True}, expect=200).json()
    assert dry["matched"] == 250 and len(dry["sample"]) == 10
    picked = ended(api, bulk(api, "cancel", "tasks", filter={"ids": [task["id"] for task in tasks[:3]]}, note="by hand"))
    assert picked["done"] == 3 and picked["subject"] == "tasks"
    half = ended(api, bulk(api, "cancel", "tasks", filter={"type": kind, "metadata.n": "1"}))
    assert half["done"] == 124
    rest = ended(api, bulk(api, "cancel", "tasks", filter={"type": kind, "status": "pending,in_progress"}))
    assert rest["done"] == 123 and {task["status"] for task in api.pages("/tasks", type=kind)} == {"cancelled"}
    again = ended(api, bulk(api, "cancel", "tasks", filter={"ids": [task["id"] for task in tasks[:3]]}))
    assert again["done"] == 0 and again["skipped"] == [{"reason": "already_ended", "count": 3}]
    (told,) = api.told(tasks[0], "task_cancelled")
    assert told["data"]["reason"] == "by hand"
    retried = ended(api, bulk(api, "retry", "tasks", filter={"type": kind, "status": ["cancelled"]}))
    assert retried["done"] == 250
    eventually(lambda: len(api.pages("/tasks", type=kind, status="failed")) == 250, "all have failed", timeout=60)
    agent.script(200)
    assert ended(api, bulk(api, "retry", "tasks", filter={"type": kind}))["done"] == 250
    eventually(lambda: len(api.pages("/tasks", type=kind, status="completed")) == 250, "all are done", timeout=120)
    assert {entry["status"] for entry in api.pages("/failed-tasks", task_type=kind)} == {"retried"}


def test_an_agent_that_is_gone_is_passed_over(api: Api) -> None:
    agent = api.agent(422, breaker=CALM)
    fail(api, agent, 3)
    api.call("DELETE", f"/agents/{agent.id}", expect=204)
    done = ended(api, bulk(api, "retry", filter={"agent": agent.id}))
    assert done["done"] == 0 and done["skipped"] == [{"reason": "agent_gone", "count": 3}]


def test_a_redrive_goes_on_after_sigkill(serve: Callable[..., Api]) -> None:
    api = serve()
    agent = api.agent(redrive="on_recovery")
    api.open_breaker(agent.id)
    fail(api, agent, 40, retry_policy={"on_open_breaker": "skip"})
    assert {entry["reason"] for entry in api.pages("/failed-tasks", agent=agent.id)} == {"circuit_open"}
    api.close_breaker(agent.id)
    for part in (2, 8):
        eventually(lambda: balanced(api)["retried"] >= part, "they come back")
        api.server.restart()
    eventually(lambda: balanced(api)["pending"] == 0, lambda: str(balanced(api)), timeout=60)
    eventually(lambda: {task["status"] for task in api.pages("/tasks", agent=agent.id)} == {"completed"}, "all are done", timeout=120)
    assert requeues(api, agent) == {2: 40}
    sound(api)
