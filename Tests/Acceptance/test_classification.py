"""Every row of the classification table, against agents that really do it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import Api, JSON, free_port, ok, seconds

RETRYABLE, PERMANENT = "retryable", "permanent"
TWICE = {"max_attempts": 2, "base_delay_ms": 10}

STATUSES = {
    301: ("client_error", PERMANENT), 302: ("client_error", PERMANENT),
    400: ("validation_error", PERMANENT), 401: ("auth_failure", PERMANENT), 403: ("auth_failure", PERMANENT),
    404: ("not_found", PERMANENT), 407: ("auth_failure", PERMANENT), 408: ("timeout", RETRYABLE),
    409: ("client_error", PERMANENT), 410: ("not_found", PERMANENT), 413: ("validation_error", PERMANENT),
    415: ("validation_error", PERMANENT), 418: ("client_error", PERMANENT), 422: ("validation_error", PERMANENT),
    425: ("rate_limit", RETRYABLE), 429: ("rate_limit", RETRYABLE),
    500: ("server_error", RETRYABLE), 501: ("server_error", RETRYABLE), 502: ("server_error", RETRYABLE),
    503: ("server_error", RETRYABLE), 504: ("timeout", RETRYABLE), 599: ("server_error", RETRYABLE),
}

# What the agent does: (error type, class, HTTP status in the error, what `sent` may be).
WIRE: dict[str, tuple[JSON, str, str, object, tuple[str, ...]]] = {
    "reset": ({"do": "reset"}, "network_error", RETRYABLE, None, ("maybe", "yes")),
    "closed without a word": ({"do": "close"}, "network_error", RETRYABLE, None, ("maybe", "yes")),
    "closed in the body": ({"do": "close_mid_body"}, "network_error", RETRYABLE, ..., ("maybe", "yes")),
    "closed in a chunk": ({"do": "close_mid_chunk"}, "network_error", RETRYABLE, ..., ("maybe", "yes")),
    "garbage": ({"do": "garbage"}, "network_error", RETRYABLE, None, ("maybe", "yes")),
    "slow": ({"wait": 30}, "timeout", RETRYABLE, None, ("maybe", "yes")),
    "slow byte by byte": ({"do": "drip"}, "timeout", RETRYABLE, ..., ("maybe", "yes")),
    "HTML": ({"raw": "<html>all is well</html>"}, "invalid_response", PERMANENT, 200, ("yes",)),
    "half a JSON": ({"status": 201, "raw": '{"half":'}, "invalid_response", PERMANENT, 201, ("yes",)),
    "not UTF-8": ({"raw": '"\udcff"', "encoding": "surrogateescape"}, "invalid_response", PERMANENT, 200, ("yes",)),
    "huge": ({"do": "huge"}, "invalid_response", PERMANENT, 200, ("yes",)),
    "an error with a huge body": ({"do": "huge", "status": 503}, "server_error", RETRYABLE, 503, ("yes",)),
    "an error that is not JSON": ({"status": 500, "raw": "<b>oops"}, "server_error", RETRYABLE, 500, ("yes",)),
    "a redirect": ({"status": 302, "headers": {"location": "/elsewhere"}}, "client_error", PERMANENT, 302, ("yes",)),
}


def assert_failed(api: Api, task: JSON, kind: str, of: str, *, attempts: int) -> JSON:
    """A failed task of this error, its ending and its dead letter; the error."""
    error = task["error"]
    assert task["status"] == "failed"
    assert (error["type"], error["class"]) == (kind, of), error
    assert error["message"] and seconds(error["at"]) and task["explanation"]
    assert task["attempt"] == attempts
    assert api.types(task)[-2:] == ["task_failed", "moved_to_dlq"]
    entries = api.entries(task)
    assert len(entries) == 1
    entry = entries[0]
    assert (entry["status"], entry["reason"]) == ("pending", "permanent_error" if of == PERMANENT else "retries_exhausted")
    assert entry["error"]["type"] == kind and entry["attempts"] == attempts and entry["task"]["id"] == task["id"]
    assert task["failed_task_id"] == entry["id"]
    return error


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_has_its_type_and_class(api: Api, status: int) -> None:
    kind, of = STATUSES[status]
    agent = api.agent({"status": status, "body": {"error": "no"}, "headers": {"location": "/elsewhere"} if status < 400 else {}})
    task = api.run(agent, "failed", retry_policy=TWICE)
    calls = 2 if of == RETRYABLE else 1
    error = assert_failed(api, task, kind, of, attempts=calls)
    assert (error["http_status"], error["sent"]) == (status, "yes")
    assert len(agent.calls()) == calls and api.hell.calls("/elsewhere") == []
    assert [one["http_status"] for one in api.attempts(task)] == [status] * calls
    assert [one["status"] for one in api.attempts(task)] == ["failed"] * calls


@pytest.mark.parametrize("case", WIRE)
def test_a_misbehaviour_has_its_type_and_class(api: Api, case: str) -> None:
    answer, kind, of, status, sent = WIRE[case]
    agent = api.agent(answer)
    task = api.run(agent, "failed", retry_policy=TWICE, timeout_ms=400 if kind == "timeout" else 10_000)
    calls = 2 if of == RETRYABLE else 1
    error = assert_failed(api, task, kind, of, attempts=calls)
    assert error["sent"] in sent and (status is ... or error["http_status"] == status), error
    assert len(agent.calls()) == calls


def test_a_wrong_content_length_is_an_error(api: Api) -> None:
    agent = api.agent({"do": "short_length"})
    task = api.run(agent, "failed", retry_policy=TWICE)
    assert task["error"]["type"] in ("invalid_response", "network_error")
    assert len(agent.calls()) == (1 if task["error"]["class"] == PERMANENT else 2)


def test_endless_headers_are_cut(api: Api) -> None:
    agent = api.agent({"do": "endless_headers"})
    task = api.run(agent, "failed", retry_policy=TWICE)
    assert task["error"]["type"] in ("invalid_response", "network_error"), task["error"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://no-such-host.invalid/"])
def test_an_agent_that_cannot_be_reached_was_not_sent_anything(api: Api, url: str) -> None:
    agent = api.agent(callback_url=url.format(port=free_port()))
    task = api.run(agent, "failed", retry_policy=TWICE)
    error = assert_failed(api, task, "network_error", RETRYABLE, attempts=2)
    assert (error["sent"], error["http_status"]) == ("no", None)


def test_tls_to_a_server_without_it_is_a_network_error(api: Api) -> None:
    agent = api.agent(callback_url=api.hell.url.replace("http:", "https:") + "/tls")
    task = api.run(agent, "failed", retry_policy=TWICE, timeout_ms=5000)
    error = assert_failed(api, task, "network_error", RETRYABLE, attempts=2)
    assert error["sent"] in ("no", "maybe") and api.hell.calls("/tls") == []


def test_an_agent_without_callback_is_missing_callback(api: Api) -> None:
    agent = api.agent(callback_url=None)
    task = api.run(agent, "failed")
    error = assert_failed(api, task, "missing_callback", PERMANENT, attempts=task_attempts(api, task))
    assert (error["http_status"], error["sent"], error["retry_after_ms"]) == (None, "no", None)
    assert agent.calls() == []


def test_a_task_that_no_agent_matches_is_missing_callback(api: Api) -> None:
    for routing in ({"type": api.name("nobody.does.this")}, {"capability": api.name("nobody")}):
        task = api.wait(api.task(**routing), "failed")
        error = assert_failed(api, task, "missing_callback", PERMANENT, attempts=task_attempts(api, task))
        assert error["sent"] == "no" and task["agent_id"] is None


def task_attempts(api: Api, task: JSON) -> int:
    """At most one: whether a call that cannot be made begins an attempt is the server's choice."""
    assert (count := len(api.attempts(task))) <= 1
    return count


def test_an_address_that_may_not_be_called_is_refused(serve: Callable[..., Api]) -> None:
    api = serve(KINTSUGI_ALLOW_PRIVATE_AGENTS="false")
    problem = api.refused(422, "POST", "/agents", {
        "id": "a", "name": "a", "protocol": "http", "callback_url": api.hell.url})
    assert problem["errors"][0]["pointer"] == "/callback_url"
    agent = api.agent(callback_url=api.hell.url.replace("127.0.0.1", "localhost") + "/named")
    task = api.run(agent, "failed", retry_policy=TWICE)
    assert (task["error"]["type"], task["error"]["class"], task["error"]["sent"]) == ("address_refused", PERMANENT, "no")
    assert api.hell.calls("/named") == [] and api.entry(task)["reason"] == "permanent_error"


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_a_floor(api: Api, status: int) -> None:
    agent = api.agent({"status": status, "headers": {"Retry-After": "1"}}, ok())
    task = api.run(agent, retry_policy=TWICE)
    delay = api.told(task, "task_retried")[0]["data"]["delay_ms"]
    assert 1000 <= delay <= 1500
    assert api.attempts(task)[0]["error"]["retry_after_ms"] == 1000
    first, second = agent.calls()
    assert second["at"] - first["ended_at"] >= 0.99


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_as_a_date_is_a_floor(api: Api, status: int) -> None:
    agent = api.agent({"status": status, "headers": {"Retry-After": "@date+2"}}, ok())
    task = api.run(agent, retry_policy=TWICE)
    first, second = agent.calls()
    not_before = int(first["ended_at"]) + 2  # HTTP dates have whole seconds; the agent may have crossed one
    assert second["at"] >= not_before - 1.01 and second["at"] >= first["at"] + 0.9
    error = api.attempts(task)[0]["error"]
    assert 900 <= error["retry_after_ms"] <= 2000
    assert api.told(task, "task_retried")[0]["data"]["delay_ms"] >= error["retry_after_ms"] - 50


@pytest.mark.parametrize("value", ["banana", "-5", "", "1.5.2", "Sun, 06 Nov 1994 08:49:37 GMT", "NaN"])
def test_a_retry_after_that_says_nothing_is_ignored(api: Api, value: str) -> None:
    task = api.run(api.agent({"status": 503, "headers": {"Retry-After": value}}, ok()), retry_policy=TWICE)
    assert api.told(task, "task_retried")[0]["data"]["delay_ms"] <= 50


@pytest.mark.parametrize("value", ["99999", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_is_capped(api: Api, value: str) -> None:
    task = api.task(api.agent({"status": 503, "headers": {"Retry-After": value}}), retry_policy=TWICE)
    delay = api.until_told(task, "task_retried")[0]["data"]["delay_ms"]
    assert 600_000 <= delay <= 750_000
    api.post(f"/tasks/{task['id']}/cancel", {}, expect=202)


def test_retry_after_does_not_make_a_permanent_error_retryable(api: Api) -> None:
    agent = api.agent({"status": 400, "headers": {"Retry-After": "0"}})
    assert api.run(agent, "failed", retry_policy=TWICE)["error"]["type"] == "validation_error"
    assert len(agent.calls()) == 1


SUCCESSES: dict[str, tuple[JSON, object]] = {
    "200": ({"body": {"a": [1, None, "ü"]}}, {"a": [1, None, "ü"]}), "201": ({"status": 201, "body": "made"}, "made"),
    "empty 200": ({}, None), "204": ({"status": 204}, None), "null": ({"body": None}, None), "false": ({"body": False}, False),
    "no JSON content type": ({"body": {"a": 1}, "headers": {"content-type": "text/plain"}}, {"a": 1}),
    "after 103": ({"do": "early_hints", "body": {"a": 1}}, {"a": 1}),
    "large": ({"do": "huge", "bytes": 900_000}, "x" * 900_000),
    "slow but in time": ({"do": "drip", "raw": "12345", "every": 0.05}, 12345),
}


@pytest.mark.parametrize("case", SUCCESSES)
def test_a_success_is_a_success(api: Api, case: str) -> None:
    answer, output = SUCCESSES[case]
    agent = api.agent(answer)
    task = api.run(agent, timeout_ms=5000)
    assert task["output"] == output and task["error"] is None
    assert len(agent.calls()) == 1 and api.types(task)[-2:] == ["attempt_success", "task_completed"]


def test_a_deep_answer_harms_nobody(api: Api) -> None:
    task = api.wait(api.task(api.agent({"raw": "[" * 100_000 + "]" * 100_000})), "completed", "failed")
    assert task["status"] == "completed" or task["error"]["type"] == "invalid_response"
    api.settle()
