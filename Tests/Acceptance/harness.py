"""What the acceptance tests drive: the real `kintsugi serve`, the agents from hell, and a client that checks every
answer against the contract (problem+json for errors, the served OpenAPI document for the rest)."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import requests

from schemas import Schemas

T = TypeVar("T")
JSON = dict[str, Any]

HERE = Path(__file__).resolve().parent
BINARY = Path(os.environ.get("KINTSUGI_BIN", HERE.parents[1] / ".build/debug/kintsugi")).absolute()
ADMIN_KEY = "ks_admin_" + "Acceptance0123456789Acceptance0123456789"
ENDED = ("completed", "failed", "cancelled")
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
CALM = {"consecutive_failures": 1000, "min_calls": 50, "failure_rate": 1.0}  # a breaker that stays out of the way


def eventually(probe: Callable[[], T], what: str | Callable[[], str], timeout: float = 20) -> T:
    """Polls until `probe` gives something true; the one place where this suite waits for the server."""
    deadline = time.monotonic() + timeout
    while not (seen := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)
    return seen


def at_least(times: int, probe: Callable[[], list[T]], what: Callable[[], str], timeout: float = 20) -> list[T]:
    """Polls until `probe` lists so many."""
    return eventually(lambda: found if len(found := probe()) >= times else [], lambda: f"{times} × {what()}", timeout)


def stamp(seconds_from_now: float) -> str:
    at = datetime.now(timezone.utc) + timedelta(seconds=seconds_from_now)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def seconds(text: str) -> float:
    assert STAMP.match(text), f"{text!r} is not RFC 3339, UTC, with milliseconds"
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def free_port() -> int:
    """A port below the ephemeral range, so that a restarted server finds it still free."""
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


class Server:
    """`kintsugi serve` on one data folder and one port, which it keeps over restarts."""

    running: list[Server] = []

    def __init__(self, data: Path, **environment: str) -> None:
        self.data, self.log, self.port = data, data.parent / f"{data.name}.log", free_port()
        self.environment = {"KINTSUGI_ADMIN_KEY": ADMIN_KEY} | environment
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, ready_within: float = 30) -> Server:
        assert BINARY.exists(), f"{BINARY} is missing: build it, or set KINTSUGI_BIN"
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG", "TZ") if name in os.environ}
        environment = kept | {"HOME": str(self.data.parent)} | {k: v for k, v in self.environment.items() if v}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--data", self.data, "--port", str(self.port)],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.data.parent)
        self.starts += 1
        if self not in Server.running:
            Server.running.append(self)
        eventually(self._ready, lambda: f"/readyz answers 200\n{self.tail()}", ready_within)
        return self

    def _ready(self) -> bool:
        assert self.alive(), f"the server ended with {self.process and self.process.returncode}:\n{self.tail()}"
        try:
            return requests.get(self.url + "/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL: nothing is said goodbye to."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def terminate(self, within: float = 30) -> int:
        """SIGTERM; the exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def restart(self) -> Server:
        self.kill()
        return self.start()

    def close(self) -> None:
        """Ends it for good; it must still have been alive (or been stopped by the test)."""
        died = self.process.poll() if self.process else None
        if died is None and self.process:
            self.kill()
        Server.running.remove(self)
        assert died in (None, 0, -signal.SIGKILL), f"the server died with {died}:\n{self.tail()}"

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:]) if self.log.exists() else ""


class Hell:
    """The process with the agents from hell."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, HERE / "agents.py"], stdout=subprocess.PIPE)
        assert self.process.stdout
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.session = requests.Session()
        self.session.trust_env = False

    def script(self, path: str, *answers: JSON | int, seed: int | None = None) -> None:
        wanted = [{"status": answer} if isinstance(answer, int) else answer for answer in answers]
        self.session.post(self.url + "/_script", json={"path": path, "answers": wanted, "seed": seed}).raise_for_status()

    def calls(self, path: str) -> list[JSON]:
        return self.session.get(self.url + "/_calls", params={"path": path}).json()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Agent:
    """A registered agent and its scripted other end."""

    id: str
    secret: str
    path: str
    hell: Hell

    def script(self, *answers: JSON | int, seed: int | None = None) -> None:
        self.hell.script(self.path, *answers, seed=seed)

    def calls(self, task: JSON | None = None) -> list[JSON]:
        return [call for call in self.hell.calls(self.path) if not task or call["body"]["task_id"] == task["id"]]

    def called(self, times: int = 1, task: JSON | None = None) -> list[JSON]:
        """Waits until it has been called so often."""
        return at_least(times, lambda: self.calls(task), lambda: f"{self.id} is called; was {len(self.calls(task))} times")


@dataclass
class Api:
    """A client with one key. Every answer it gets is checked, whatever the test is about."""

    server: Server
    hell: Hell
    key: str | None = ADMIN_KEY
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    sessions: dict[int, requests.Session] = field(default_factory=dict)
    schemas: Schemas | None = None

    def call(self, method: str, path: str, body: Any = None, *, expect: int | tuple[int, ...] = (200, 201, 202, 204),
             params: JSON | None = None, headers: dict[str, str] | None = None, data: Any = None) -> requests.Response:
        """One request. `path` is below /api/v1 unless it starts with //."""
        expected = (expect,) if isinstance(expect, int) else expect
        target = path[1:] if path.startswith("//") else "/api/v1" + path
        sent = dict(headers or {})
        if self.key:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        if self.server.starts not in self.sessions:  # pooled connections die with the server
            self.sessions[self.server.starts] = requests.Session()
            self.sessions[self.server.starts].trust_env = False
        response = self.sessions[self.server.starts].request(
            method, self.server.url + target, params=params, headers=sent, data=data, timeout=30, allow_redirects=False)
        said = f"{method} {target} {str(data)[:300]} → {response.status_code} {response.text[:1500]}"
        assert response.status_code in expected, f"expected {expected}: {said}"
        if response.status_code >= 400:
            assert_problem(response)
        self._check(method, target, response, said)
        return response

    def _check(self, method: str, target: str, response: requests.Response, said: str) -> None:
        if os.environ.get("KINTSUGI_CHECK_SCHEMAS") == "0":
            return
        if self.schemas is None:
            self.schemas = Schemas.of(self.server.url)
        faults = self.schemas.faults(method, target.partition("?")[0], response)
        assert not faults, f"not what /openapi.json promises: {faults}\n{said}"

    def get(self, path: str, **params: Any) -> JSON:
        return self.call("GET", path, params=params, expect=200).json()

    def post(self, path: str, body: Any = None, *, expect: int | tuple[int, ...] = (200, 201, 202), **options: Any) -> JSON:
        return self.call("POST", path, body, expect=expect, **options).json()

    def refused(self, status: int | tuple[int, ...], method: str, path: str, body: Any = None, **options: Any) -> JSON:
        """The problem document of a request that must be answered with `status`."""
        return self.call(method, path, body, expect=status, **options).json()

    def pages(self, path: str, **params: Any) -> list[JSON]:
        """All items of a list, page by page."""
        found: list[JSON] = []
        page = self.get(path, **({"limit": 200} | params))
        while True:
            found += page["data"]
            if page["next_cursor"] is None:
                return found
            page = self.get(path, **({"limit": 200} | params | {"cursor": page["next_cursor"]}))

    # Users

    def as_user(self, user: str, role: str = "operator") -> Api:
        key = self.post("/api-keys", {"name": f"{user}'s", "role": role, "user_id": user}, expect=201)["key"]
        return Api(self.server, self.hell, key, self.names, schemas=self.schemas)

    def anyone(self, key: str | None) -> Api:
        return Api(self.server, self.hell, key, self.names, schemas=self.schemas)

    def name(self, word: str = "agent") -> str:
        return f"{word}-{next(self.names)}-{random.SystemRandom().randrange(16**6):06x}"

    # Agents and tasks

    def agent(self, *answers: JSON | int, seed: int | None = None, **members: Any) -> Agent:
        """Registers an agent whose other end gives these answers (200 without any)."""
        slug = members.pop("id", None) or self.name()
        path = f"/{slug}"
        self.hell.script(path, *(answers or (ok(),)), seed=seed)
        given = {"id": slug, "name": slug, "protocol": "http", "callback_url": self.hell.url + path} | members
        made = self.post("/agents", {name: value for name, value in given.items() if value is not None}, expect=201)
        assert made["id"] == slug and made["secret"].startswith("whsec_")
        return Agent(slug, made["secret"], path, self.hell)

    def task(self, agent: Agent | None = None, *, headers: dict[str, str] | None = None, **members: Any) -> JSON:
        body = {"type": "test.task"} | ({"agent_id": agent.id} if agent else {}) | members
        return self.post("/tasks", body, expect=201, headers=headers)

    def show(self, task: JSON) -> JSON:
        return self.get(f"/tasks/{task['id']}")

    def wait(self, task: JSON, *statuses: str, timeout: float = 20, **members: Any) -> JSON:
        """Waits until the task has one of the statuses and these members."""
        seen: JSON = {}

        def there() -> JSON | None:
            seen.update(self.show(task))
            right = (not statuses or seen["status"] in statuses) and all(seen[k] == v for k, v in members.items())
            return dict(seen) if right else None

        return eventually(there, lambda: f"{statuses or ''} {members or ''}; is {seen}\n{self.types(task)}", timeout)

    def run(self, agent: Agent, status: str = "completed", *, timeout: float = 20, **members: Any) -> JSON:
        """Creates a task and waits until it has ended, as it must."""
        ended = self.wait(self.task(agent, **members), *ENDED, timeout=timeout)
        assert ended["status"] == status, f"{ended}\n{self.types(ended)}"
        return ended

    def timeline(self, task: JSON) -> list[JSON]:
        events: list[JSON] = []
        while page := self.get(f"/tasks/{task['id']}/timeline", limit=200, after=len(events))["data"]:
            events += page
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "a gap in seq"
        return events

    def types(self, task: JSON) -> list[str]:
        """The story in words; alerts are told apart, they are another feature's."""
        return [event["type"] for event in self.timeline(task) if not event["type"].startswith("alert_")]

    def told(self, task: JSON, kind: str) -> list[JSON]:
        return [event for event in self.timeline(task) if event["type"] == kind]

    def until_told(self, task: JSON, kind: str, times: int = 1, timeout: float = 20) -> list[JSON]:
        return at_least(times, lambda: self.told(task, kind), lambda: f"{kind} in {self.types(task)}", timeout)

    def attempts(self, task: JSON) -> list[JSON]:
        return self.pages(f"/tasks/{task['id']}/attempts")

    def entries(self, task: JSON) -> list[JSON]:
        """The task's dead letters, newest first."""
        kind = self.show(task)["type"]
        return [entry for entry in self.pages("/failed-tasks", task_type=kind) if entry["task_id"] == task["id"]]

    def entry(self, task: JSON) -> JSON:
        return self.entries(task)[0]

    def breaker(self, provider: str) -> JSON | None:
        return next((one for one in self.pages("/circuit-breakers") if one["provider"] == provider), None)

    def open_breaker(self, provider: str, **body: Any) -> JSON:
        return self.post(f"/circuit-breakers/{provider}/open", {"reason": "test"} | body, expect=200)

    def close_breaker(self, provider: str) -> JSON:
        return self.post(f"/circuit-breakers/{provider}/close", {"reason": "test"}, expect=200)

    def report(self, call: JSON, door: str, body: JSON, *, expect: int = 200, token: str | None = None) -> JSON:
        """Reports for the attempt that `call` belongs to, as its agent would."""
        doors = call["body"]["report"]
        path = doors[f"{door}_url"].removeprefix(self.server.url + "/api/v1")
        assert path == f"/tasks/{call['body']['task_id']}/{door}", doors
        headers = {"Authorization": f"Bearer {doors['token'] if token is None else token}"}
        return self.call("POST", path, body, expect=expect, headers=headers).json()

    def settle(self) -> None:
        """Runs an innocent task from end to end: whatever was due before it has had its turn."""
        self.run(self.agent())


def ok(**body: Any) -> JSON:
    return {"status": 200, "body": body or {"ok": True}}


def assert_problem(response: requests.Response) -> JSON:
    """RFC 9457, with the members that the contract adds."""
    assert response.status_code != 500, f"a 500: {response.text}"
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json", response.headers
    problem = response.json()
    for member in ("type", "title", "detail", "instance", "request_id"):
        assert isinstance(problem.get(member), str) and problem[member], f"{member} in {problem}"
    assert problem["type"].startswith("/problems/") and problem["status"] == response.status_code, problem
    for fault in problem.get("errors") or []:
        assert fault["detail"] and ("pointer" in fault) != ("parameter" in fault), problem
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    if response.status_code in (429, 503):
        assert int(response.headers["Retry-After"]) >= 0
    return problem
