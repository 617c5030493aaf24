"""SIGKILL under load, again and again: what was acknowledged is there, and it ends once. SIGTERM: a clean leave."""

from __future__ import annotations

import os
import random
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import requests

from harness import ADMIN_KEY, BINARY, CALM, Agent, Api, JSON, Server, eventually, ok

ROUNDS = int(os.environ.get("KINTSUGI_CRASH_ROUNDS", "5"))
SEED = int(os.environ.get("KINTSUGI_CRASH_SEED", "20260131"))
ENDINGS = {"task_completed": "completed", "task_failed": "failed", "task_cancelled": "cancelled"}
STATUS_AFTER = ENDINGS | {"task_created": "pending", "attempt_started": "in_progress", "attempt_failed": "pending", "attempt_abandoned": "pending",
                          "attempt_interrupted": "pending", "task_escalated": "waiting", "task_resumed": "pending", "task_requeued": "pending"}
MOODS = [ok(n=n) | {"wait": n / 50} for n in range(10)] + [
    {"status": 503}, {"status": 503, "wait": 0.1}, {"status": 500}, {"status": 400}, {"status": 422}, {"do": "reset"}, {"do": "close_mid_body"},
    {"status": 202, "reports": [{"do": "complete", "body": {"output": "later"}, "after": 0.1, "times": 2}]},
    {"status": 202, "reports": [{"do": "progress", "body": {"percent": 5}, "after": 0.05}, {"do": "complete", "body": {"output": "later"}, "after": 0.1}]},
    {"status": 202}]

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


def fold(events: list[JSON]) -> str:
    """The status that a timeline tells."""
    status = ""
    for event in events:
        status = STATUS_AFTER.get(event["type"], status)
    return status


@dataclass
class Told:
    """What clients were told; shared by the submitters."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    created: dict[str, str] = field(default_factory=dict)  # order → task id
    cancelled: set[str] = field(default_factory=set)
    figures: Counter[str] = field(default_factory=Counter)
    enough: threading.Condition = field(default_factory=threading.Condition)


class Submitter(threading.Thread):
    """Creates (and sometimes cancels) tasks; what got no answer is repeated with its key until it gets one."""

    def __init__(self, name: str, server: Server, agents: list[Agent], told: Told, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.server, self.agents, self.told, self.stop, self.rng = server, agents, told, stop, random.Random(f"{SEED}-{name}")

    def run(self) -> None:
        n = 0
        while not self.stop.is_set():
            n += 1
            order = f"{self.name}-{n}"
            made = self.insist("/tasks", order, {
                "type": "crash.load", "agent_id": self.rng.choice(self.agents).id, "input": n, "timeout_ms": 1500, "metadata": {"order": order},
                "retry_policy": {"base_delay_ms": 20, "max_delay_ms": 200, "max_attempts": 8}})
            with self.told.enough:
                self.told.created[order] = made.json()["id"]
                self.told.enough.notify_all()
            if self.rng.random() < 0.1 and self.insist(f"/tasks/{made.json()['id']}/cancel", order + "-c", {}).status_code == 202:
                self.told.cancelled.add(made.json()["id"])

    def insist(self, path: str, key: str, body: JSON) -> requests.Response:
        while True:
            try:
                response = requests.post(self.server.url + "/api/v1" + path, json=body, timeout=30, headers={
                    "Authorization": f"Bearer {ADMIN_KEY}", "Idempotency-Key": key})
            except requests.RequestException:
                self.told.figures["unanswered"] += 1
                self.pause.wait(0.02)
                continue
            if response.status_code == 201 or path.endswith("/cancel") and response.status_code in (202, 409):
                self.told.figures["replayed"] += "Idempotency-Replayed" in response.headers
                return response
            assert response.status_code in (409, 503), f"{response.status_code} {response.text}"
            self.pause.wait(0.02)

    pause = threading.Event()  # never set: a wait between two tries


def test_sigkill_under_load(serve: Callable[..., Api], capsys: pytest.CaptureFixture[str]) -> None:
    api = serve()
    rng, told, stop = random.Random(SEED), Told(), threading.Event()
    agents = [api.agent(*MOODS, seed=SEED, breaker=CALM), api.agent(*MOODS, seed=SEED + 1, breaker={"open_ms": 200, "max_open_ms": 400}, redrive="manual")]
    submitters = [Submitter(f"client{n}", api.server, agents, told, stop) for n in range(4)]
    for submitter in submitters:
        submitter.start()
    for _ in range(ROUNDS):
        with told.enough:
            goal = len(told.created) + rng.randint(20, 100)
            assert told.enough.wait_for(lambda: len(told.created) >= goal, timeout=60), f"no progress: {api.server.tail()}"
            told.enough.wait(rng.random() * 0.01)  # anywhere between two acknowledgements
        api.server.kill()
        told.figures["kills"] += 1
        api.server.start()
    stop.set()
    for submitter in submitters:
        submitter.join(60)
        assert not submitter.is_alive()

    def over() -> bool:
        counts = api.get("/tasks/monitoring/health")["counts"]
        return counts["pending"] + counts["in_progress"] + counts["waiting"] == 0

    eventually(over, lambda: f"everything ends; {api.get('/tasks/monitoring/health')}", timeout=90)
    tasks = {task["id"]: task for task in api.pages("/tasks")}
    lost = set(told.created.values()) - tasks.keys()
    orders = Counter(task["metadata"]["order"] for task in tasks.values())
    twice = [order for order, times in orders.items() if times > 1]
    entries = Counter(entry["task_id"] for entry in api.pages("/failed-tasks"))
    started: dict[str, set[int]] = {}
    ended_twice, positions = [], []
    for task in tasks.values():
        events = api.timeline(task)  # asserts that seq has no gap
        kinds = Counter(event["type"] for event in events)
        if sum(kinds[ending] for ending in ENDINGS) != 1:
            ended_twice.append((task["id"], kinds))
        assert task["status"] == fold(events), f"{task}\n{[event['type'] for event in events]}"
        assert (task["version"], task["attempt"]) == (events[-1]["seq"], kinds["attempt_started"])
        assert kinds["moved_to_dlq"] == kinds["task_failed"] == entries[task["id"]] == (task["status"] == "failed")
        assert task["round_attempt"] <= 8, "never more than the policy allows"
        mine = [event["position"] for event in events]
        assert mine == sorted(mine)
        positions += mine
        started[task["id"]] = {one["number"] for one in api.attempts(task)}
        told.figures["abandoned"] += kinds["attempt_abandoned"]
        told.figures["late results"] += kinds["late_result"]
        told.figures["task_" + task["status"]] += 1
    calls = Counter((call["body"]["task_id"], call["body"]["attempt"]) for agent in agents for call in agent.calls())
    unrecorded = [call for call in calls if call[1] not in started.get(call[0], set())]
    with capsys.disabled():
        print(f"\n  crash: seed {SEED}, {dict(told.figures)}; calls {sum(calls.values())}; acknowledged {len(told.created)}, "
              f"lost {len(lost)}, duplicated {len(twice)}, ended more than once or never {len(ended_twice)}, called before recorded {len(unrecorded)}")
    assert not lost and not twice and not ended_twice and not unrecorded
    assert max(calls.values()) == 1, "an attempt is sent once"
    assert len(positions) == len(set(positions)), "a position belongs to one event"
    assert len(tasks) == len(told.created), "everything that was sent was repeated until it was acknowledged"
    assert all(tasks[task]["status"] == "cancelled" for task in told.cancelled), "an acknowledged cancel holds"
    health = api.get("/tasks/monitoring/health")
    assert {status: times for status, times in health["counts"].items() if times} == Counter(task["status"] for task in tasks.values())
    assert health["dead_letters"]["pending"] == len(api.pages("/failed-tasks", status="pending"))
    assert told.figures["kills"] == ROUNDS and told.figures["abandoned"] > 0 and told.figures["unanswered"] > 0, "a run without faults proves nothing"
    assert api.server.terminate() == 0
    verify(api.server)


def verify(server: Server) -> None:
    """`kintsugi verify`, where it is there, finds nothing to complain of."""
    offered = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=30).stdout
    if re.search(r"^\s+verify\b", offered, re.MULTILINE):
        done = subprocess.run([BINARY, "verify", "--data", server.data], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_acknowledged_answer_replays_after_a_kill(serve: Callable[..., Api]) -> None:
    api = serve()
    agent = api.agent(paused=True)
    key, body = {"Idempotency-Key": "once"}, {"type": "t", "agent_id": agent.id}
    first = api.call("POST", "/tasks", body, expect=201, headers=key)
    api.server.restart()
    again = api.call("POST", "/tasks", body, expect=201, headers=key)
    assert again.content == first.content and again.headers["Idempotency-Replayed"] == "true"
    assert len(api.pages("/tasks")) == 1 and api.get(f"/agents/{agent.id}")["paused"] is True


def test_sigterm_drains_and_an_interrupted_attempt_does_not_count(serve: Callable[..., Api]) -> None:
    api = serve()
    slow, quick = api.agent({"wait": 120}, ok()), api.agent({"wait": 1, "body": "in time"})
    interrupted = api.task(slow, timeout_ms=120_000, retry_policy={"max_attempts": 1})
    drained = api.task(quick, retry_policy={"max_attempts": 1})
    waiting = api.task(slow, delay_ms=3_600_000)
    slow.called(), quick.called()
    assert api.server.terminate(within=30) == 0
    assert len(quick.calls()) == 1 and quick.calls()[0]["ended_at"], "a short attempt was given its time"
    assert len(slow.calls()) == 1
    api.server.start()
    assert api.wait(drained, "completed")["output"] == "in time" and api.types(drained).count("attempt_started") == 1
    done = api.wait(interrupted, "completed")
    assert api.types(interrupted) == ["task_created", "task_started", "attempt_started", "attempt_interrupted", "attempt_started",
                                      "attempt_success", "task_completed"]
    assert api.told(interrupted, "attempt_interrupted")[0]["severity"] == "info"
    assert (done["attempt"], done["round_attempt"]) == (2, 1)
    assert [one["status"] for one in api.attempts(interrupted)] == ["interrupted", "succeeded"]
    assert api.show(waiting)["status_reason"] == "scheduled" and api.show(waiting)["attempt"] == 0


def test_a_data_folder_has_one_owner(serve: Callable[..., Api]) -> None:
    api = serve()
    second = subprocess.run([BINARY, "serve", "--data", api.server.data, "--port", "0"], capture_output=True, text=True, timeout=30,
                            env={"PATH": os.environ["PATH"], "HOME": str(api.server.data.parent), "KINTSUGI_ADMIN_KEY": ADMIN_KEY})
    assert second.returncode not in (0, -9) and second.stderr
    assert api.get("/tasks")["data"] == []
