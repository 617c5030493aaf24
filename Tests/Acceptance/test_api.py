"""The API's manners: who may, what is refused and how, what repeats, what a list promises."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from collections.abc import Callable

import openapi_spec_validator
import pytest
import requests

from harness import ADMIN_KEY, HERE, STAMP, Agent, Api, JSON, ok, stamp

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"  # a UUIDv7 that nobody made

TASK = set("""id type status status_reason explanation user_id agent_id capability provider input output error priority attempt
    round round_attempt retry_policy progress payment metadata fallback_chain_id failed_task_id created_at run_at started_at
    next_attempt_at finished_at deadline_at timeout_ms version""".split())
EVENT = set("seq position type severity at attempt round message data actor".split())
ATTEMPT = set("""number round status probe agent_id provider node started_at finished_at queue_ms duration_ms http_status error
    circuit_breaker retry""".split())
ERROR = set("type class message http_status retry_after_ms sent at".split())
POLICY = {"max_attempts": 6, "base_delay_ms": 1000, "max_delay_ms": 30000, "jitter": 0.25, "max_elapsed_ms": None,
          "on_open_breaker": "hold", "hold_ms": 600000}
ENTRY = set("""id task_id status reason agent_id task_type user_id error error_group attempts payment alert failed_at closed_at
    closed_by note task suggested_strategies""".split())
HEALTH = set("""status reasons queue_depth counts window_ms failure_rate throughput_per_s avg_execution_ms p50_execution_ms
    p95_execution_ms p99_execution_ms oldest_pending_age_ms circuit_breakers dead_letters nodes durability at""".split())
STATUSES = ("pending", "in_progress", "waiting", "completed", "failed", "cancelled")
BREAKER = set("provider state failure_rate calls recent opened_at probe_at trips_24h held_tasks forced".split())


@pytest.fixture(scope="module")
def idle(api: Api) -> Agent:
    """A paused agent: its tasks stay where they are."""
    return api.agent(paused=True)


@pytest.fixture(scope="module")
def users(api: Api) -> dict[str, Api]:
    return {"viewer": api.as_user("vera", "viewer"), "operator": api.as_user("otto"), "admin": api.as_user("ada", "admin")}


USER = {"viewer": "vera", "operator": "otto", "admin": "ada"}


def failed(api: Api, **members: object) -> JSON:
    return api.run(api.agent(400), "failed", **members)


def total(api: Api) -> int:
    return sum(api.get("/tasks/monitoring/health")["counts"].values())


# Who may

@pytest.mark.parametrize("key", [None, "", "banana", "ks_admin_" + "x" * 40, "ks_nobody_" + "A" * 32, ADMIN_KEY + "A", "ks__", "é" * 9])
@pytest.mark.parametrize("path", ["/tasks", "/agents", "/failed-tasks", f"/tasks/{UNKNOWN}/timeline", "/api-keys"])
def test_without_a_good_key_everything_is_401(api: Api, path: str, key: str | None) -> None:
    headers = {} if key is None else {"Authorization": f"Bearer {key}".encode("utf-8")}
    problem = api.anyone(None).refused(401, "GET", path, headers=headers)
    assert ADMIN_KEY not in json.dumps(problem)


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_only_bearer_is_understood(api: Api, scheme: str) -> None:
    api.anyone(None).refused(401, "GET", "/tasks", headers={"Authorization": f"{scheme} {ADMIN_KEY}".strip()})


def test_some_doors_are_open(api: Api) -> None:
    for path in ("//livez", "//readyz", "//openapi.json"):
        api.anyone(None).call("GET", path, expect=200)


READS = ["/tasks", "/tasks/{task}", "/tasks/{task}/timeline", "/tasks/{task}/attempts", "/tasks/monitoring/health", "/failed-tasks",
         "/failed-tasks/{entry}", "/agents", "/agents/{agent}", "/circuit-breakers"]
ACTS: dict[str, tuple[str, JSON, int]] = {
    "create": ("/tasks", {"type": "t", "agent_id": "{idle}"}, 201), "batch": ("/tasks/batch", {"tasks": [{"type": "t", "agent_id": "{idle}"}]}, 201),
    "cancel": ("/tasks/{task}/cancel", {}, 202), "retry": ("/tasks/{failed}/retry", {}, 202),
    "retry entry": ("/failed-tasks/{entry}/retry", {}, 202), "resolve": ("/failed-tasks/{entry}/resolve", {"note": "n"}, 200),
    "discard": ("/failed-tasks/{entry}/discard", {"note": "n"}, 200)}
ADMIN_ONLY: dict[str, tuple[str, str, JSON | None, tuple[int, ...]]] = {
    "register": ("POST", "/agents", {"id": "{new}", "name": "n", "protocol": "http"}, (201,)), "change": ("PATCH", "/agents/{agent}", {"weight": 2}, (200,)),
    "rotate": ("POST", "/agents/{agent}/rotate-secret", None, (200, 201)), "open": ("POST", "/circuit-breakers/{agent}/open", {"reason": "r"}, (200,)),
    "close": ("POST", "/circuit-breakers/{agent}/close", {"reason": "r"}, (200,)), "make key": ("POST", "/api-keys", {"name": "k", "role": "viewer", "user_id": "u"}, (201,)),
    "list keys": ("GET", "/api-keys", None, (200,)), "remove": ("DELETE", "/agents/{spare}", None, (200, 204))}


@pytest.fixture
def things(api: Api, idle: Agent) -> Callable[[str], Callable[[str], str]]:
    """Makes what a user owns, and fills its ids into a path or a body."""
    def make(user: str) -> Callable[[str], str]:
        agent, broken = api.agent(), failed(api, user_id=user)
        ids = {"task": api.task(idle, user_id=user)["id"], "failed": broken["id"], "entry": broken["failed_task_id"], "agent": agent.id,
               "spare": api.agent().id, "idle": idle.id, "new": api.name("new")}
        return lambda text: re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], text)
    return make


@pytest.mark.parametrize("role", USER)
def test_what_a_role_may(users: dict[str, Api], things: Callable[[str], Callable[[str], str]], role: str) -> None:
    client, fill = users[role], things(USER[role])
    for path in READS:
        answer = client.call("GET", fill(path), expect=200)
        assert "whsec_" not in answer.text
    for path, body, status in ACTS.values():
        fill = things(USER[role])
        client.call("POST", fill(path), json.loads(fill(json.dumps(body))), expect=403 if role == "viewer" else status)
    fill = things(USER[role])
    for method, path, wanted, statuses in ADMIN_ONLY.values():
        client.call(method, fill(path), wanted and json.loads(fill(json.dumps(wanted))), expect=statuses if role == "admin" else 403)


def test_what_is_anothers_is_404(api: Api, users: dict[str, Api], things: Callable[[str], Callable[[str], str]]) -> None:
    fill, otto = things("somebody-else"), users["operator"]
    before = [api.show({"id": fill("{task}")}), api.show({"id": fill("{failed}")}), api.get(fill("/failed-tasks/{entry}"))]
    own = [path for path in READS if "{task}" in path or "{entry}" in path]
    for path in own:
        otto.refused(404, "GET", fill(path))
    for path, body, _ in ACTS.values():
        if "{" in path:
            theirs, nobodys = (otto.refused(404, "POST", where, body) for where in (fill(path), re.sub(r"\{\w+\}", UNKNOWN, path)))
            assert theirs["type"] == nobodys["type"] and theirs["title"] == nobodys["title"], "no hint that it exists"
    ids = {fill("{task}"), fill("{failed}"), fill("{entry}")}
    for path in ("/tasks", "/failed-tasks"):
        for narrowed in ({}, {"user_id": "somebody-else"}):
            page = otto.call("GET", path, params=narrowed, expect=(200, 403, 404)).json()
            assert not ids & {item["id"] for item in page.get("data", [])}
    assert otto.get("/tasks", q=fill("{task}"))["data"] == []
    assert otto.get("/tasks/monitoring/health")["counts"] == {
        status: len(otto.pages("/tasks", status=status)) for status in STATUSES}, "counts of one's own"
    assert before == [api.show({"id": fill("{task}")}), api.show({"id": fill("{failed}")}), api.get(fill("/failed-tasks/{entry}"))]


def test_only_an_admin_makes_tasks_for_others(api: Api, users: dict[str, Api], idle: Agent) -> None:
    assert api.task(idle, user_id="somebody")["user_id"] == "somebody"
    assert users["operator"].task(idle)["user_id"] == "otto" == users["operator"].task(idle, user_id="otto")["user_id"]
    users["operator"].refused((403, 422), "POST", "/tasks", {"type": "t", "agent_id": idle.id, "user_id": "somebody"})


def test_keys_come_and_go(api: Api) -> None:
    made = api.post("/api-keys", {"name": "ci", "role": "operator", "user_id": "robot", "expires_at": stamp(3600)}, expect=201)
    assert re.fullmatch(r"ks_[a-z0-9]{1,40}_[A-Za-z0-9]{32,}", made["key"])
    robot = api.anyone(made["key"])
    assert robot.get("/tasks")["data"] == []
    listed = api.call("GET", "/api-keys", expect=200)
    assert made["id"] in [key["id"] for key in listed.json()["data"]] and made["key"].split("_", 2)[2] not in listed.text
    api.call("DELETE", f"/api-keys/{made['id']}", expect=(200, 204))
    robot.refused(401, "GET", "/tasks")
    api.refused(404, "DELETE", f"/api-keys/{UNKNOWN}")
    for bad in ({"role": "king"}, {"name": 5}, {"user_id": None}, {"colour": 1}, {"expires_at": "soon"}):
        body = {"name": "n", "role": "viewer", "user_id": "u"} | bad
        assert f"/{next(iter(bad))}" in [fault["pointer"] for fault in api.refused(422, "POST", "/api-keys", body)["errors"]]


def test_the_first_start_makes_an_admin_key(serve: Callable[..., Api]) -> None:
    api = serve(KINTSUGI_ADMIN_KEY="")
    file = api.server.data / "admin.key"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    admin = api.anyone(file.read_text().strip())
    assert admin.get("/tasks")["data"] == [] and admin.as_user("u", "viewer").get("/tasks")["data"] == []
    for secret in ("a" * 40, "b" * 40):  # a changed value replaces the earlier one
        api.server.environment["KINTSUGI_ADMIN_KEY"] = f"ks_admin_{secret}"
        api.server.restart()
        assert api.anyone(f"ks_admin_{secret}").get("/api-keys")["data"]
    api.anyone("ks_admin_" + "a" * 40).refused(401, "GET", "/tasks")
    assert b"b" * 40 not in api.server.log.read_bytes(), "keys from the environment are not logged"


# What is refused, and how

@pytest.mark.parametrize("path", ["//nowhere", "/nowhere", "/tasks/x/y/z", f"/tasks/{UNKNOWN}/nowhere", "//api/v2/tasks", "//API/v1/tasks"])
def test_an_unknown_path_is_a_problem(api: Api, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        api.refused(404, method, path)


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("PUT", "/tasks", {"GET", "POST"}), ("DELETE", f"/tasks/{UNKNOWN}", {"GET"}), ("GET", f"/tasks/{UNKNOWN}/cancel", {"POST"}),
    ("POST", f"/tasks/{UNKNOWN}/timeline", {"GET"}), ("POST", "/tasks/monitoring/health", {"GET"}), ("DELETE", "/failed-tasks", {"GET"}),
    ("PUT", "/agents", {"GET", "POST"}), ("POST", "//readyz", {"GET"})])
def test_a_wrong_method_names_the_right_ones(api: Api, method: str, path: str, allowed: set[str]) -> None:
    allow = api.call(method, path, expect=405).headers["Allow"]
    assert {word.strip() for word in allow.split(",")} >= allowed


def test_problems_explain_themselves(api: Api, idle: Agent) -> None:
    task = api.task(idle)
    api.post(f"/tasks/{task['id']}/cancel", {}, expect=202)
    problems = [api.refused(404, "GET", "/nowhere"), api.refused(422, "POST", "/tasks", {}), api.refused(405, "PUT", "/tasks"),
                api.refused(409, "POST", f"/tasks/{task['id']}/cancel", {}), api.anyone(None).refused(401, "GET", "/tasks"),
                api.refused(400, "POST", "/tasks", data=b"{"), api.refused(415, "POST", "/tasks", data=b"{}", headers={"Content-Type": "text/plain"})]
    assert len({problem["request_id"] for problem in problems}) == len(problems)
    assert len({problem["type"] for problem in problems}) == len(problems)
    for problem in problems:
        assert problem["title"] and api.anyone(None).call("GET", "/" + problem["type"], expect=200).text


BROKEN = [b"{", b"", b"nope", b'{"type": }', b'{"type": "t"} trailing', b'{"type": "t",}', b"\xff\xfe", b'{"type": "\xff"}', b"{'type': 't'}",
          b'{"type": "t", "priority": NaN}', b'{"type": "t", "priority": 01}', b'{"type": "a\nb"}', b"\x00", b"[" * 100_000, b'{"a":' * 100_000,
          b'{"type": "t", "input": ' + b"[" * 100 + b"]" * 100 + b"}"]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_cannot_be_parsed_is_400(api: Api, body: bytes) -> None:
    before = total(api)
    for path in ("/tasks", "/tasks/batch", "/agents"):
        api.refused(400, "POST", path, data=body)
    assert total(api) == before


def test_depth_64_is_the_limit(api: Api, idle: Agent) -> None:
    def nested(depth: int) -> bytes:
        return json.dumps({"type": "t", "agent_id": idle.id, "input": None}).replace("null", "[" * (depth - 1) + "]" * (depth - 1)).encode()
    assert api.call("POST", "/tasks", data=nested(64), expect=201)
    api.refused(400, "POST", "/tasks", data=nested(65))
    brackets = json.dumps({"type": "t", "agent_id": idle.id, "input": "[" * 500 + '\\"{' * 100}).encode()
    assert api.call("POST", "/tasks", data=brackets, expect=201), "brackets in a string are no depth"


def test_a_body_over_one_mebibyte_is_413(api: Api, idle: Agent) -> None:
    def sized(size: int) -> bytes:
        frame = json.dumps({"type": "t", "agent_id": idle.id, "input": ""}).encode()
        return frame[:-2] + b"x" * (size - len(frame)) + b'"}'
    assert api.call("POST", "/tasks", data=sized(1 << 20), expect=201)
    api.refused(413, "POST", "/tasks", data=sized((1 << 20) + 1))
    api.refused(413, "POST", "/tasks", data=iter([sized((1 << 20) + 1)]))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "application/jsonx", "banana"])
def test_another_content_type_is_415(api: Api, kind: str) -> None:
    api.refused(415, "POST", "/tasks", data=b'{"type": "t"}', headers={"Content-Type": kind})


def test_json_with_a_charset_is_json(api: Api, idle: Agent) -> None:
    body = json.dumps({"type": "t", "agent_id": idle.id}).encode()
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        api.call("POST", "/tasks", data=body, headers={"Content-Type": kind}, expect=201)


BAD_MEMBERS: list[tuple[JSON, str]] = [
    *(({"type": value}, "/type") for value in (None, 1, True, "", "A", "a b", "ü", "a/b", "a" * 101, [], {}, "a\u0000", "t\n")),
    *(({"agent_id": value}, "/agent_id") for value in ("nobody-at-all", 5, "", [], "../x")),
    *(({"capability": value}, "/capability") for value in (5, [], {}, "")),
    *(({"user_id": value}, "/user_id") for value in (5, [], "")),
    *(({"priority": value}, "/priority") for value in (101, -101, 1.5, "1", True, 10**20, -10**400, [])),
    *(({"run_at": value}, "/run_at") for value in ("yesterday", 5, "2026-13-01T00:00:00Z", "2026-01-32T00:00:00Z", "", "2026-01-01", True)),
    *(({"delay_ms": value}, "/delay_ms") for value in (-1, 1.5, "1", 10**30, True, [])),
    *(({"timeout_ms": value}, "/timeout_ms") for value in (0, -1, 86_400_001, "1", 1.5, 10**400, 2**63, 2**64, False)),
    *(({"deadline_at": value}, "/deadline_at") for value in ("x", 5, "0000-00-00T00:00:00Z", {})),
    *(({"retry_policy": value}, "/retry_policy") for value in (5, [], "hold", True)),
    *(({"retry_policy": {"max_attempts": value}}, "/retry_policy/max_attempts") for value in (0, -1, "6", 1.5, 10**20, -2**63)),
    *(({"retry_policy": {"base_delay_ms": value}}, "/retry_policy/base_delay_ms") for value in (-1, "1", 2**63, 10**30)),
    *(({"retry_policy": {"max_delay_ms": value}}, "/retry_policy/max_delay_ms") for value in (-1, "1", 2**63)),
    *(({"retry_policy": {"jitter": value}}, "/retry_policy/jitter") for value in (-0.1, 1.1, "x", 1e300, True)),
    *(({"retry_policy": {"max_elapsed_ms": value}}, "/retry_policy/max_elapsed_ms") for value in (-1, "1", 2**64)),
    *(({"retry_policy": {"hold_ms": value}}, "/retry_policy/hold_ms") for value in (-1, "1", 2**64)),
    *(({"retry_policy": {"on_open_breaker": value}}, "/retry_policy/on_open_breaker") for value in ("explode", 5, "")),
    ({"retry_policy": {"colour": 1}}, "/retry_policy/colour"), ({"colour": "red"}, "/colour"), ({"id": UNKNOWN}, "/id"),
    ({"a/b~c": 1}, "/a~1b~0c"), ({"status": "completed"}, "/status"),
    *(({"payment": value}, "/payment") for value in (5, [], "250.00")),
    *(({"payment": {"amount": value, "currency": "USD", "kind": "payment"}}, "/payment/amount") for value in (
        250, 250.0, None, "", "-1", "+1", "1e3", "1" * 31, "0." + "1" * 19, "1.", ".5", "NaN", "Infinity", "1,000", " 1", "1\n", "١٢", "0x10", True)),
    *(({"payment": {"amount": "1.00", "currency": value, "kind": "payment"}}, "/payment/currency") for value in (5, "", None, [])),
    *(({"payment": {"amount": "1.00", "currency": "USD", "kind": value}}, "/payment/kind") for value in (5, "", [])),
    ({"payment": {"amount": "1.00", "currency": "USD", "kind": "payment", "colour": 1}}, "/payment/colour"),
    *(({"metadata": value}, "/metadata") for value in (5, [], "x", {str(n): "v" for n in range(51)})),
    *(({"metadata": {"key": value}}, "/metadata/key") for value in (1, None, True, [], {})),
    *(({"fallback_chain_id": value}, "/fallback_chain_id") for value in (5, [], "not-an-id")),
]


@pytest.mark.parametrize(("patch", "pointer"), BAD_MEMBERS, ids=range(len(BAD_MEMBERS)))
def test_a_bad_member_is_named_and_nothing_is_created(api: Api, idle: Agent, patch: JSON, pointer: str) -> None:
    before = total(api)
    problem = api.refused(422, "POST", "/tasks", {"type": "t", "agent_id": idle.id} | patch)
    assert pointer in [fault["pointer"] for fault in problem["errors"]], problem
    problem = api.refused(422, "POST", "/tasks/batch", {"tasks": [{"type": "t", "agent_id": idle.id}, {"type": "t", "agent_id": idle.id} | patch]})
    assert f"/tasks/1{pointer}" in [fault["pointer"] for fault in problem["errors"]], problem
    assert total(api) == before


def test_all_faults_are_listed(api: Api) -> None:
    body = {"priority": 500, "colour": 1, "retry_policy": {"jitter": 2, "max_attempts": 0}, "payment": {"amount": 1}, "metadata": {"a": 1}}
    pointers = {fault["pointer"] for fault in api.refused(422, "POST", "/tasks", body)["errors"]}
    assert pointers >= {"/type", "/priority", "/colour", "/retry_policy/jitter", "/retry_policy/max_attempts", "/payment/amount", "/payment/currency", "/metadata/a"}


@pytest.mark.parametrize("body", [[], "x", 5, None, True, [{"type": "t"}]])
def test_a_body_that_is_no_object_is_422(api: Api, body: object) -> None:
    for path in ("/tasks", "/agents", "/tasks/batch", "/api-keys"):
        api.refused(422, "POST", path, data=json.dumps(body).encode())


def test_one_of_run_at_and_delay(api: Api, idle: Agent) -> None:
    faults = api.refused(422, "POST", "/tasks", {"type": "t", "agent_id": idle.id, "run_at": stamp(5), "delay_ms": 5})["errors"]
    assert {fault["pointer"] for fault in faults} <= {"/run_at", "/delay_ms", ""} and faults


HOSTILE = [  # well-formed in one eye, hostile in the other: whatever is answered, it is no 500 and what is taken comes back
    b'{"type":"t","type":"u"}', b'{"type":"t","input":"\\ud800"}', b'{"type":"t","input":"\\u0000"}', b'{"type":"t","input":1e400}',
    b'{"type":"t","input":-0.0}', b'{"type":"t","input":123456789012345678901234567890}', b'{"type":"t","input":{"":{"":""}}}',
    b'{"type":"t","input":{"__proto__":1,"a":1,"a":2}}', b'\xef\xbb\xbf{"type":"t"}', b'{"type":"t","metadata":{"\\u0000":"x"}}',
    b'{"type":"t","metadata":{"":""}}', b'{"type":"t","priority":1e1}', b'{"type":"t","priority":-0}', b'{"type":"t","timeout_ms":1e3}',
    b'{"type":"t","run_at":"9999-12-31T23:59:59.999Z"}', b'{"type":"t","run_at":"0001-01-01T00:00:00Z"}',
    b'{"type":"t","deadline_at":"2016-12-31T23:59:60Z"}', b'{"type":"t","delay_ms":9223372036854775807}', b'{"type":"t","retry_policy":null}',
    b'{"type":"t","retry_policy":{"base_delay_ms":9223372036854775807,"max_delay_ms":9223372036854775807}}',
    '{"type":"t","metadata":{"x":"\u202e<script>\U0001f4a9"}}'.encode(), b'{"type":"t","payment":{"amount":"' + b"9" * 30 + b'","currency":"USD","kind":"payment"}}']


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bodies_harm_nobody(api: Api, idle: Agent, body: bytes) -> None:
    body = body.replace(b'"type":"t"', b'"type":"t","agent_id":"%s"' % idle.id.encode(), 1)
    before = total(api)
    answer = api.call("POST", "/tasks", data=body, expect=(201, 400, 422))
    assert total(api) == before + (answer.status_code == 201)
    if answer.status_code == 201:
        assert api.show(answer.json())["id"] == answer.json()["id"]


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}, 2**53 + 1, -2**63, 0.1, "ü\u2028\U0001f4a9\t\"\\", {"b": 1, "a": [{}]}, "</script>"], ids=repr)
def test_an_input_comes_back_as_it_was(api: Api, idle: Agent, value: object) -> None:
    task = api.task(idle, input=value)
    shown = api.show(task)["input"]
    assert shown == value and type(shown) is type(value)


@pytest.mark.parametrize(("path", "parameter", "values"), [
    ("/tasks", "limit", ["0", "201", "abc", "-1", "1.5", "99999999999999999999"]), ("/tasks", "cursor", ["banana", "\u0000", "=" * 500]),
    ("/tasks", "status", ["nope", "PENDING"]), ("/tasks", "created_after", ["yesterday", "5"]), ("/tasks", "created_before", ["never"]),
    ("/failed-tasks", "limit", ["0", "201", "x"]), ("/failed-tasks", "status", ["nope"]), ("/failed-tasks", "min_amount", ["abc", "-1", "1e3"]),
    ("/failed-tasks", "cursor", ["banana"]), ("/agents", "limit", ["0"]), ("/tasks/{task}/timeline", "after", ["-1", "abc", "99999999999999999999"]),
    ("/tasks/{task}/timeline", "severity", ["loud"]), ("/tasks/{task}/timeline", "type", ["nope"]), ("/tasks/{task}/timeline", "limit", ["0", "201"]),
    ("/tasks/{task}/attempts", "limit", ["0", "201"])])
def test_a_bad_query_value_is_named(api: Api, idle: Agent, path: str, parameter: str, values: list[str]) -> None:
    path = path.replace("{task}", api.task(idle)["id"])
    for value in values:
        faults = api.refused(422, "GET", path, params={parameter: value})["errors"]
        assert [fault.get("parameter") for fault in faults] == [parameter], (value, faults)


@pytest.mark.parametrize("malformed", ["not-an-id", "1", "-1", UNKNOWN[:-1], UNKNOWN + "0", UNKNOWN.replace("-", ""), "%00", "%2e%2e", "a" * 3000, "ü", "%ff", "'%20OR%201=1"])
def test_a_malformed_id_is_404(api: Api, malformed: str) -> None:
    for path in (f"/tasks/{malformed}", f"/tasks/{malformed}/timeline", f"/tasks/{malformed}/attempts", f"/failed-tasks/{malformed}", f"/agents/{malformed}"):
        api.refused(404, "GET", path)
    api.refused(404, "POST", f"/tasks/{malformed}/cancel", {})
    api.refused(404, "POST", f"/failed-tasks/{malformed}/retry", {})


# What a task looks like

def test_a_task_has_all_its_members_and_the_defaults(api: Api, idle: Agent) -> None:
    answer = api.call("POST", "/tasks", {"type": "t", "agent_id": idle.id}, expect=201)
    task = answer.json()
    assert set(task) >= TASK and answer.headers["Location"].endswith(f"/api/v1/tasks/{task['id']}")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", task["id"])
    assert {name: task["retry_policy"][name] for name in POLICY} == POLICY
    assert (task["user_id"], task["priority"], task["metadata"], task["input"], task["round"]) == ("admin", 0, {}, None, 1)
    assert all(task[name] is None for name in ("output", "error", "payment", "fallback_chain_id", "failed_task_id", "finished_at", "deadline_at", "capability"))
    assert STAMP.match(task["created_at"]) and api.show(task).keys() == task.keys()
    assert all(listed.keys() == task.keys() for listed in api.get("/tasks", agent=idle.id, limit=3)["data"])


def test_what_is_given_is_kept(api: Api, idle: Agent) -> None:
    given = {"type": "payment.capture", "priority": -7, "timeout_ms": 1234, "metadata": {"order": "7", "ü": "ä"}, "deadline_at": stamp(900), "run_at": stamp(800),
             "retry_policy": POLICY | {"max_attempts": 3, "jitter": 0, "on_open_breaker": "skip"},
             "payment": {"amount": "250.00", "currency": "USD", "kind": "payment", "reference": "r", "payer": "p", "payee": "q"}}
    task = api.show(api.task(idle, **given))
    assert {name: task[name] for name in given} == given
    assert api.task(idle, payment={"amount": "0." + "1" * 18, "currency": "USD", "kind": "tip"})["payment"]["reference"] is None


def test_events_attempts_and_dead_letters_have_all_their_members(api: Api) -> None:
    task = failed(api, payment={"amount": "250.00", "currency": "USD", "kind": "payment"})
    for event in api.timeline(task):
        assert set(event) >= EVENT and STAMP.match(event["at"]) and isinstance(event["data"], dict)
    (attempt,) = api.attempts(task)
    assert set(attempt) >= ATTEMPT and set(attempt["error"]) >= ERROR and set(task["error"]) >= ERROR
    assert set(attempt["circuit_breaker"]) >= {"provider", "state", "failure_rate"} and attempt["retry"] is None
    entry = api.get(f"/failed-tasks/{task['failed_task_id']}")
    assert set(entry) >= ENTRY and set(entry["task"]) >= {"id", "input", "type"} and STAMP.match(entry["failed_at"])
    assert entry["payment"]["amount"] == "250.00" and entry["closed_at"] is None and isinstance(entry["suggested_strategies"], list)
    api.open_breaker(task["agent_id"])
    assert set(api.breaker(task["agent_id"]) or {}) >= BREAKER


def test_health_has_all_its_members_and_true_counts(api: Api) -> None:
    api.run(api.agent())
    health = api.get("/tasks/monitoring/health")
    assert set(health) >= HEALTH and health["status"] in ("healthy", "degraded", "unhealthy") and health["durability"] in ("full", "degraded")
    assert health["counts"] == {status: len(api.pages("/tasks", status=status)) for status in STATUSES}
    assert health["dead_letters"]["pending"] == len(api.pages("/failed-tasks", status="pending"))
    assert 0 <= health["failure_rate"] <= 1 and health["p50_execution_ms"] <= health["p95_execution_ms"] <= health["p99_execution_ms"]
    assert STAMP.match(health["at"]) and health["nodes"] and all({"amount", "currency"} <= set(sum_) for sum_ in health["dead_letters"]["value"])


# What repeats

def test_the_same_key_replays_the_same_answer(api: Api, idle: Agent) -> None:
    key, body = api.name("key"), {"type": "t", "agent_id": idle.id, "input": 1}
    before = total(api)
    first = api.call("POST", "/tasks", body, expect=201, headers={"Idempotency-Key": key})
    again = api.call("POST", "/tasks", body, expect=201, headers={"Idempotency-Key": f'"{key}"'})
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content and again.headers["Location"] == first.headers["Location"] and total(api) == before + 1
    api.refused(422, "POST", "/tasks", body | {"input": 2}, headers={"Idempotency-Key": key})
    batch = api.call("POST", "/tasks/batch", {"tasks": [body]}, expect=201, headers={"Idempotency-Key": key})
    assert "Idempotency-Replayed" not in batch.headers, "another path"
    assert total(api) == before + 2


def test_keys_of_others_are_others(api: Api, users: dict[str, Api], idle: Agent) -> None:
    key, body = api.name("key"), {"type": "t", "agent_id": idle.id}
    mine, theirs = (client.post("/tasks", body, expect=201, headers={"Idempotency-Key": key}) for client in (api, users["operator"]))
    assert mine["id"] != theirs["id"]


def test_errors_are_not_kept(api: Api, idle: Agent) -> None:
    key = api.name("key")
    api.refused(422, "POST", "/tasks", {"type": "NO"}, headers={"Idempotency-Key": key})
    assert api.call("POST", "/tasks", {"type": "t", "agent_id": idle.id}, expect=201, headers={"Idempotency-Key": key})
    task, key = api.task(idle), api.name("key")
    api.refused(409, "POST", f"/tasks/{task['id']}/retry", {}, headers={"Idempotency-Key": key})
    api.post(f"/tasks/{task['id']}/cancel", {}, expect=202)
    assert api.post(f"/tasks/{task['id']}/retry", {}, expect=202, headers={"Idempotency-Key": key})["round"] == 2


def test_acts_replay_too(api: Api, idle: Agent) -> None:
    task, dead = api.task(idle), api.run(api.agent(400, {"wait": 5}), "failed")
    for path, status in ((f"/tasks/{task['id']}/cancel", 202), (f"/failed-tasks/{dead['failed_task_id']}/discard", 200), (f"/tasks/{dead['id']}/retry", 202)):
        key = {"Idempotency-Key": api.name("key")}
        first, again = (api.call("POST", path, {}, expect=status, headers=key) for _ in range(2))
        assert first.content == again.content and again.headers["Idempotency-Replayed"] == "true"
        api.refused(409, "POST", path, {})
    assert api.types(task).count("task_cancelled") == 1


def test_the_same_key_at_once_creates_one(api: Api, idle: Agent) -> None:
    key, body, before = api.name("key"), {"type": "t", "agent_id": idle.id}, total(api)
    answers: list[requests.Response] = []

    def submit() -> None:
        answers.append(api.anyone(ADMIN_KEY).call("POST", "/tasks", body, expect=(201, 409), headers={"Idempotency-Key": key}))

    threads = [threading.Thread(target=submit) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created = [answer for answer in answers if answer.status_code == 201]
    assert len(answers) == 12 and created and len({answer.json()["id"] for answer in created}) == 1 and total(api) == before + 1


@pytest.mark.parametrize("key", ["", '""', "x" * 5000, "ü", '"open'])
def test_a_strange_idempotency_key_is_no_500(api: Api, idle: Agent, key: str) -> None:
    answer = api.call("POST", "/tasks", {"type": "t", "agent_id": idle.id}, expect=(201, 400, 422), headers={"Idempotency-Key": key.encode()})  # type: ignore[dict-item]
    assert answer.status_code != 201 or api.show(answer.json())


def test_etags(api: Api, idle: Agent) -> None:
    task = api.task(idle)
    path = f"/tasks/{task['id']}"
    etag = api.call("GET", path, expect=200).headers["ETag"]
    assert etag == f'"v{task["version"]}"' and api.timeline(task)[-1]["seq"] == task["version"]
    unchanged = api.call("GET", path, expect=304, headers={"If-None-Match": etag})
    assert unchanged.content == b"" and unchanged.headers["ETag"] == etag
    api.call("GET", path, expect=304, headers={"If-None-Match": f'"v999", {etag}'})
    api.call("GET", path, expect=200, headers={"If-None-Match": '"v0"'})
    for wrong in ('"v999"', '"v0"', f"W/{etag}"):
        api.refused(412, "POST", path + "/cancel", {}, headers={"If-Match": wrong})
    assert api.show(task) == task
    assert api.post(path + "/cancel", {}, expect=202, headers={"If-Match": etag})["version"] == task["version"] + 1
    api.refused(412, "POST", path + "/retry", {}, headers={"If-Match": etag})
    fresh = api.call("GET", path, expect=200).headers["ETag"]
    api.post(path + "/retry", {}, expect=202, headers={"If-Match": fresh})


# Lists

def test_cursors_are_stable_under_inserts(api: Api, idle: Agent) -> None:
    kind = api.name("list")
    tasks = [api.task(idle, type=kind)["id"] for _ in range(7)]
    seen, cursor = [], None
    for _ in range(3):
        page = api.get("/tasks", type=kind, limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [task["id"] for task in page["data"]]
        cursor = page["next_cursor"]
        api.task(idle, type=kind)
    assert seen == tasks[::-1] and cursor is None, "newest first, each once, none of the new"
    assert len(api.get("/tasks", limit=200)["data"]) > 50 >= len(api.get("/tasks")["data"]), "50 unless said"


def test_filters(api: Api) -> None:
    agent, kind = api.agent(400, ok()), api.name("kind")
    first = api.run(agent, "failed", type=kind, metadata={"order": "7", "shop": "a"})
    second = api.run(agent, type=kind, metadata={"order": "8", "shop": "a"}, user_id="filtered-user")

    def ids(**query: str) -> list[str]:
        return [task["id"] for task in api.pages("/tasks", **({"type": kind} | query))]

    one, two = first["id"], second["id"]
    assert ids() == ids(agent=agent.id) == ids(**{"metadata.shop": "a"}) == [two, one]
    assert ids(status="failed") == ids(error_type="validation_error") == ids(**{"metadata.order": "7"}) == ids(q=one) == [one]
    assert ids(status="completed") == ids(user_id="filtered-user") == [two]
    assert ids(created_after=stamp(60)) == ids(created_before=stamp(-600)) == ids(status="waiting") == []
    assert ids(created_after=stamp(-600), created_before=stamp(60)) == [two, one]
    assert ids(**{"metadata.order": "7", "metadata.shop": "b"}) == ids(error_type="timeout") == ids(agent="nobody") == []


def test_a_batch_is_created_in_order(api: Api, idle: Agent) -> None:
    before = total(api)
    made = api.post("/tasks/batch", {"tasks": [{"type": "t", "agent_id": idle.id, "input": n} for n in range(1000)]}, expect=201)["data"]
    assert [task["input"] for task in made] == list(range(1000)) and total(api) == before + 1000
    assert len({task["id"] for task in made}) == 1000


@pytest.mark.parametrize("tasks", [[], [{"type": "t"}] * 1001, {}, None, [5], [None], "x"], ids=range(7))
def test_a_bad_batch_creates_nothing(api: Api, tasks: object) -> None:
    before = total(api)
    assert api.refused(422, "POST", "/tasks/batch", {"tasks": tasks})["errors"][0]["pointer"].startswith("/tasks")
    assert total(api) == before


# Dead letters

def test_the_dead_letters_can_be_narrowed(api: Api) -> None:
    agent, kind = api.agent(400, 404), api.name("kind")
    poor = api.run(agent, "failed", type=kind, payment={"amount": "9.50", "currency": "USD", "kind": "payment"})
    rich = api.run(agent, "failed", type=kind, user_id="rich", payment={"amount": "250.00", "currency": "USD", "kind": "payment"})

    def ids(**query: str) -> list[str]:
        return [entry["task_id"] for entry in api.pages("/failed-tasks", **({"task_type": kind} | query))]

    assert ids() == ids(agent=agent.id) == ids(status="pending") == [rich["id"], poor["id"]]
    assert ids(error_type="not_found") == ids(user_id="rich") == ids(min_amount="100") == [rich["id"]]
    assert ids(error_type="validation_error") == [poor["id"]] and ids(status="resolved") == []
    assert [len(api.get("/failed-tasks", task_type=kind, limit=1)["data"]) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(("verb", "status", "severity"), [("resolve", "resolved", "info"), ("discard", "discarded", "warning")])
def test_an_entry_is_closed_once(api: Api, verb: str, status: str, severity: str) -> None:
    task = failed(api)
    path = f"/failed-tasks/{task['failed_task_id']}"
    closed = api.post(f"{path}/{verb}", {"note": "by hand"}, expect=200)
    assert (closed["status"], closed["note"]) == (status, "by hand") and closed["closed_by"] and STAMP.match(closed["closed_at"])
    def kept() -> JSON:
        return api.get(path) | {"suggested_strategies": closed["suggested_strategies"]}  # ranked by what works meanwhile

    assert kept() == closed and api.show(task)["status"] == "failed"
    (event,) = api.told(task, f"dead_letter_{status}")
    assert event["severity"] == severity and "by hand" in json.dumps(event["data"]) and event["actor"]
    for again in ("resolve", "discard", "retry"):
        api.refused(409, "POST", f"{path}/{again}", {})
    assert kept() == closed


# Agents

def test_agents_come_change_and_go(api: Api) -> None:
    given = {"id": api.name(), "name": "A", "protocol": "http", "callback_url": "http://127.0.0.1:9/x", "provider": "p", "capabilities": ["x.y"], "timeout_ms": 5,
             "max_concurrency": 3, "rate_limit": {"per_second": 5, "burst": 2}, "redrive": "manual", "weight": 3, "paused": True}
    made = api.post("/agents", given, expect=201)
    assert {name: made[name] for name in given} == given and made["secret"].startswith("whsec_")
    path = f"/agents/{given['id']}"
    shown = api.get(path)
    assert {name: shown[name] for name in given} == given and not shown.get("secret")
    assert given["id"] in [agent["id"] for agent in api.pages("/agents")]
    api.refused(409, "POST", "/agents", given)
    changed = api.call("PATCH", path, {"weight": 9, "callback_url": None, "rate_limit": None}, expect=200).json()
    assert (changed["weight"], changed["callback_url"], changed["rate_limit"], changed["name"]) == (9, None, None, "A")
    api.call("DELETE", path, expect=(200, 204))
    api.refused(404, "GET", path)
    api.refused(404, "PATCH", path, {"weight": 1})
    api.refused(422, "POST", "/tasks", {"type": "t", "agent_id": given["id"]})


def test_an_agent_has_defaults_and_may_be_given_an_id(api: Api) -> None:
    made = api.post("/agents", {"name": "Nameless One", "protocol": "http"}, expect=201)
    assert (made["max_concurrency"], made["redrive"], made["weight"], made["paused"]) == (64, "on_recovery", 1, False)
    assert made["callback_url"] is None and made["capabilities"] == [] and made["rate_limit"] is None and made["id"]
    assert made["provider"] == made["id"]
    assert {"window_calls": 50, "window_ms": 60000, "failure_rate": 0.5, "min_calls": 10, "consecutive_failures": 5, "open_ms": 30000,
            "max_open_ms": 300000, "probes": 3}.items() <= made["breaker"].items()
    assert {"ratio": 0.2, "min_per_second": 10}.items() <= made["retry_budget"].items()


def test_an_agent_that_is_needed_stays(api: Api) -> None:
    agent = api.agent(paused=True)
    task = api.task(agent)
    api.refused(409, "DELETE", f"/agents/{agent.id}")
    api.post(f"/tasks/{task['id']}/cancel", {}, expect=202)
    api.call("DELETE", f"/agents/{agent.id}", expect=(200, 204))


@pytest.mark.parametrize(("patch", "pointer"), [
    *(({"callback_url": url}, "/callback_url") for url in (
        "not a url", "ftp://127.0.0.1/", "file:///etc/passwd", "http://user:secret@127.0.0.1/", "http://", 5, "",
        "http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/", "http://[fe80::1]/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/")),
    ({"id": "No Slug"}, "/id"), ({"id": ""}, "/id"), ({"id": "../x"}, "/id"), ({"name": None}, "/name"), ({"name": 5}, "/name"),
    ({"protocol": "carrier-pigeon"}, "/protocol"), ({"capabilities": 5}, "/capabilities"), ({"capabilities": [5]}, "/capabilities/0"),
    ({"timeout_ms": 0}, "/timeout_ms"), ({"timeout_ms": 86_400_001}, "/timeout_ms"), ({"max_concurrency": 0}, "/max_concurrency"),
    ({"max_concurrency": 10**20}, "/max_concurrency"), ({"rate_limit": 5}, "/rate_limit"), ({"rate_limit": {"per_second": 0, "burst": 1}}, "/rate_limit/per_second"),
    ({"rate_limit": {"per_second": 1, "burst": 0}}, "/rate_limit/burst"), ({"breaker": {"failure_rate": 2}}, "/breaker/failure_rate"), ({"breaker": {"open_ms": -1}}, "/breaker/open_ms"),
    ({"breaker": {"probes": 0}}, "/breaker/probes"), ({"breaker": {"colour": 1}}, "/breaker/colour"), ({"redrive": "never"}, "/redrive"), ({"weight": "x"}, "/weight"),
    ({"paused": "yes"}, "/paused"), ({"colour": 1}, "/colour")], ids=str)
def test_a_bad_agent_is_named_and_not_made(api: Api, patch: JSON, pointer: str) -> None:
    before = len(api.pages("/agents"))
    problem = api.refused(422, "POST", "/agents", {"id": api.name(), "name": "n", "protocol": "http"} | patch)
    assert pointer in [fault["pointer"] for fault in problem["errors"]], problem
    assert len(api.pages("/agents")) == before
    if "id" not in patch:
        agent = api.agent()
        shown = api.get(f"/agents/{agent.id}")
        api.refused(422, "PATCH", f"/agents/{agent.id}", patch)
        assert api.get(f"/agents/{agent.id}") == shown


@pytest.mark.parametrize(("body", "pointer"), [({"reason": 5}, "/reason"), ({"reason": "r", "for_ms": -1}, "/for_ms"), ({"reason": "r", "colour": 1}, "/colour")])
def test_a_bad_breaker_act_changes_nothing(api: Api, body: JSON, pointer: str) -> None:
    agent = api.agent()
    assert api.refused(422, "POST", f"/circuit-breakers/{agent.id}/open", body)["errors"][0]["pointer"] == pointer
    assert (api.breaker(agent.id) or {"state": "closed"})["state"] == "closed"
    api.refused(404, "POST", "/circuit-breakers/nobody-at-all/open", {"reason": "r"})


# The document

DOCUMENTED = """GET /tasks|POST /tasks|POST /tasks/batch|GET /tasks/{}|POST /tasks/{}/cancel|POST /tasks/{}/retry|GET /tasks/{}/timeline|GET /tasks/{}/attempts
    |GET /tasks/monitoring/health|POST /tasks/{}/progress|POST /tasks/{}/complete|POST /tasks/{}/fail|GET /failed-tasks|GET /failed-tasks/{}|POST /failed-tasks/{}/retry
    |POST /failed-tasks/{}/resolve|POST /failed-tasks/{}/discard|GET /agents|POST /agents|GET /agents/{}|PATCH /agents/{}|DELETE /agents/{}|POST /agents/{}/rotate-secret
    |GET /circuit-breakers|POST /circuit-breakers/{}/open|POST /circuit-breakers/{}/close|GET /api-keys|POST /api-keys|DELETE /api-keys/{}"""


def test_the_openapi_document_is_valid_and_complete(api: Api) -> None:
    document = api.anyone(None).call("GET", "//openapi.json", expect=200).json()
    assert document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(document)
    prefix = "" if any(path.startswith("/api/v1") for path in document["paths"]) else "/api/v1"
    offered = {f"{method.upper()} {re.sub(r'{[^}]*}', '{}', prefix + path)}" for path, item in document["paths"].items() for method in item}
    wanted = {line.strip().replace(" /", " /api/v1/", 1) for line in DOCUMENTED.split("|")} | {"GET /livez", "GET /readyz", "GET /openapi.json"}
    assert wanted <= offered | ({"GET /livez", "GET /readyz", "GET /openapi.json"} if prefix else set()), wanted - offered


def test_this_suite_never_waits_blindly() -> None:
    for file in HERE.glob("test_*.py"):
        assert not re.search(r"\bsleep\(", file.read_text()), f"{file.name} waits for a time, not for a signal"
