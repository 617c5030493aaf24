"""Credentials that are fetched from a real token server or read from a file, kept, shared and refreshed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from harness import HERE, Agent, Api, JSON, eventually, free_port

SECRET = "s3cret value"
REFRESH = {"strategy": "refresh_credentials"}


class Provider:
    """The process with the token server and what it guards."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, HERE / "tokens.py"], stdout=subprocess.PIPE)
        assert self.process.stdout
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def post(self, path: str, body: Any = None) -> None:
        requests.post(self.url + path, json=body or {}, timeout=5).raise_for_status()

    def seen(self, what: str) -> list[Any]:
        return requests.get(self.url + "/_seen", timeout=5).json()[what]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


def oauth(provider: Provider, **members: object) -> JSON:
    return {"type": "oauth2_client_credentials", "token_url": provider.url + "/token", "client_id": "kintsugi",
            "client_secret": SECRET} | members


def guarded(api: Api, provider: Provider, auth: JSON, **members: object) -> Agent:
    return api.agent(auth=auth, callback_url=provider.url + "/guarded", **members)


def chain(api: Api, *steps: JSON) -> str:
    return api.post("/recovery/fallback-chain", {"name": "refresh", "steps": list(steps)}, expect=201)["id"]


# The token server

def test_one_token_is_fetched_and_shared(api: Api, provider: Provider) -> None:
    provider.post("/_set", {"wait": 0.3})
    agent = guarded(api, provider, oauth(provider, scope="pay read", audience="https://acme/a%&="))
    tasks = api.post("/tasks/batch", {"tasks": [{"type": "t", "agent_id": agent.id}] * 30}, expect=201)["data"]
    for task in tasks:
        api.wait(task, "completed")
    assert [asked["form"] for asked in provider.seen("token")] == [
        {"grant_type": "client_credentials", "scope": "pay read", "audience": "https://acme/a%&="}]
    asked = provider.seen("token")[0]
    assert asked["client"] == ["kintsugi", SECRET] and asked["type"] == "application/x-www-form-urlencoded"
    assert set(provider.seen("guarded")) == {"tok-1"}


def test_a_token_is_fetched_anew_before_it_expires(api: Api, provider: Provider) -> None:
    provider.post("/_set", {"expires_in": 1})
    agent = guarded(api, provider, oauth(provider))
    api.run(agent)
    assert provider.seen("guarded") == ["tok-1"]
    eventually(lambda: api.run(agent) and provider.seen("guarded")[-1] == "tok-2", "its second is over")


def test_without_a_chain_a_refusal_is_final_and_the_next_task_has_a_new_token(api: Api, provider: Provider) -> None:
    agent = guarded(api, provider, oauth(provider))
    api.run(agent)
    provider.post("/_revoke")
    ended = api.run(agent, "failed")
    assert ended["error"]["type"] == "auth_failure" and ended["error"]["class"] == "permanent" and ended["attempt"] == 1
    assert "tok-1" not in json.dumps(ended), "what the agent repeats of our token is not shown"
    api.run(agent)
    assert provider.seen("guarded") == ["tok-1", "tok-1", "tok-2"]
    provider.post("/_revoke")
    api.run(agent, "failed")
    api.run(agent, "failed")
    assert len(provider.seen("token")) == 2, "an agent that refuses everybody does not make us fetch with every call"


def test_refresh_credentials_mends_a_task(api: Api, provider: Provider) -> None:
    agent = guarded(api, provider, oauth(provider))
    api.run(agent)
    provider.post("/_revoke")
    task = api.run(agent, fallback_chain_id=chain(api, REFRESH))
    assert task["attempt"] == 2 and task["output"] == {"token": "good"} and task["status_reason"] == "completed_by_fallback"
    assert provider.seen("guarded") == ["tok-1", "tok-1", "tok-2"]
    types = api.types(task)
    assert types[types.index("fallback_started"):][:2] == ["fallback_started", "fallback_step_started"]
    assert "tok-" not in json.dumps(api.timeline(task))
    found = {one["strategy"]: one["measured"] for one in api.get("/recovery/strategies/auth_failure")["strategies"]}
    assert found["refresh_credentials"]["recovered"] >= 1


def test_many_tasks_that_refresh_at_once_share_a_few_tokens(api: Api, provider: Provider) -> None:
    agent = guarded(api, provider, oauth(provider))
    api.run(agent)
    provider.post("/_revoke")
    named = chain(api, REFRESH)
    body = {"tasks": [{"type": "t", "agent_id": agent.id, "fallback_chain_id": named}] * 40}
    for task in api.post("/tasks/batch", body, expect=201)["data"]:
        api.wait(task, "completed")
    assert len(provider.seen("token")) <= 6, provider.seen("token")


@pytest.mark.parametrize("change, status, error, retryable", [
    ({"client_secret": "wrong"}, None, "auth_failure", False),
    ({}, {"status": 400, "body": {"error": "invalid_scope"}}, "auth_failure", False),
    ({}, {"status": 503}, "network_error", True),
    ({}, {"status": 429}, "network_error", True),
    ({}, {"status": 200, "body": {"token_type": "Bearer"}}, "auth_failure", False),
    ({}, {"status": 200, "body": {"access_token": "x", "token_type": "mac"}}, "auth_failure", False),
    ({}, {"status": 302}, "auth_failure", False),
], ids=["secret", "scope", "ill", "busy", "empty", "mac", "elsewhere"])
def test_what_a_token_server_says_is_classified(
    api: Api, provider: Provider, change: JSON, status: JSON | None, error: str, retryable: bool
) -> None:
    if status:
        provider.post("/_set", status)
    agent = guarded(api, provider, oauth(provider, **change))
    ended = api.run(agent, "failed", retry_policy={"max_attempts": 2, "base_delay_ms": 10})
    assert ended["error"]["type"] == error and ended["error"]["sent"] == "no", ended["error"]
    assert ended["attempt"] == (2 if retryable else 1)
    assert provider.seen("guarded") == [], "the agent is not asked without a token"
    told = json.dumps([ended, api.timeline(ended), api.entry(ended)])
    assert SECRET not in told and "wrong" not in told and "you sent" not in told


def test_a_token_server_that_is_down_is_a_network_error(api: Api, provider: Provider) -> None:
    auth = oauth(provider, token_url=f"http://127.0.0.1:{free_port()}/token")
    ended = api.run(guarded(api, provider, auth), "failed", retry_policy={"max_attempts": 1})
    assert ended["error"]["type"] == "network_error" and ended["error"]["message"].startswith("There is no token")


def test_a_slow_token_server_counts_to_the_attempts_time(api: Api, provider: Provider) -> None:
    provider.post("/_set", {"wait": 5})
    ended = api.run(guarded(api, provider, oauth(provider)), "failed", timeout_ms=300, retry_policy={"max_attempts": 1})
    assert ended["error"]["type"] == "timeout" and ended["error"]["sent"] == "no"


def test_an_agent_shows_no_secrets_and_names_what_is_wrong(api: Api, provider: Provider) -> None:
    agent = guarded(api, provider, oauth(provider, scope="pay"))
    assert api.get(f"/agents/{agent.id}")["auth"] == {
        "type": "oauth2_client_credentials", "token_url": provider.url + "/token", "client_id": "kintsugi", "scope": "pay",
        "audience": None, "username": None, "name": None, "path": None}
    body = {"name": "x", "protocol": "http", "callback_url": provider.url}
    for auth, pointers in [
        (oauth(provider, token_url="http://169.254.169.254/token"), ["/auth/token_url"]),
        (oauth(provider, token_url="ftp://x"), ["/auth/token_url"]),
        (oauth(provider, token="x", path="y"), ["/auth/path", "/auth/token"]),
        ({"type": "oauth2_client_credentials"}, ["/auth/token_url", "/auth/client_id", "/auth/client_secret"]),
        ({"type": "bearer_file", "path": "token"}, ["/auth/path"]),
        ({"type": "pray"}, ["/auth/type"]),
    ]:
        problem = api.refused(422, "POST", "/agents", body | {"auth": auth})
        assert [fault["pointer"] for fault in problem["errors"]] == pointers, problem


def test_the_token_server_is_behind_the_guard(serve: Callable[..., Api], provider: Provider) -> None:
    api = serve(KINTSUGI_ALLOW_PRIVATE_AGENTS="false", KINTSUGI_ALLOW_NETWORKS="10.0.0.0/8")
    name = provider.url.replace("127.0.0.1", "localhost")
    agent = api.agent(auth=oauth(provider, token_url=name + "/token"), callback_url="http://10.0.0.1:9/")
    ended = api.run(agent, "failed")
    assert ended["error"]["type"] == "address_refused" and provider.seen("token") == []


def test_tokens_and_secrets_are_neither_logged_nor_stored_open(serve: Callable[..., Api], provider: Provider) -> None:
    api = serve(KINTSUGI_LOG_LEVEL="trace")
    provider.post("/_set", {"client": ["kintsugi", "Xyzzy-42-secret"]})
    agent = guarded(api, provider, oauth(provider, client_secret="Xyzzy-42-secret"))
    api.run(agent)
    api.server.restart()
    api.run(agent)
    assert provider.seen("guarded") == ["tok-1", "tok-2"], "tokens are kept in memory only, secrets survive"
    kept = b"".join(path.read_bytes() for path in [*api.server.data.rglob("*"), api.server.log] if path.is_file())
    for secret in (b"Xyzzy-42-secret", b"tok-1", b"tok-2"):
        assert secret not in kept


# Files

@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    (folder / "acme").mkdir(parents=True)
    (folder / "acme" / "token").write_text("first-token\n")
    return folder


def test_a_secret_is_read_from_its_file_and_read_again(serve: Callable[..., Api], secrets: Path) -> None:
    api = serve(KINTSUGI_SECRET_FOLDER=str(secrets))
    agent = api.agent(200, 401, 200, auth={"type": "bearer_file", "path": "acme/token"})
    key = api.agent(auth={"type": "header_file", "name": "X-Api-Key", "path": "acme/token"})
    api.run(agent)
    api.run(key)
    (secrets / "acme" / "token").write_text("  second-token\n")
    api.run(agent, fallback_chain_id=chain(api, REFRESH))
    assert [call["headers"]["authorization"] for call in agent.calls()] == [
        "Bearer first-token", "Bearer first-token", "Bearer second-token"]
    assert key.calls()[0]["headers"]["x-api-key"] == "first-token"
    assert api.get(f"/agents/{agent.id}")["auth"]["path"] == "acme/token"


@pytest.mark.parametrize("path", ["../token", "/etc/passwd", "acme/../../token", "acme//token", "./x", "a b", "", "acme/", "x" * 256, "a\\b", "~/x"])
def test_paths_lead_downwards_only(serve: Callable[..., Api], secrets: Path, path: str) -> None:
    api = serve(KINTSUGI_SECRET_FOLDER=str(secrets))
    body = {"name": "x", "protocol": "http", "auth": {"type": "bearer_file", "path": path}}
    problem = api.refused(422, "POST", "/agents", body)
    assert [fault["pointer"] for fault in problem["errors"]] == ["/auth/path"]


def test_what_is_no_secret_in_the_folder_is_not_read(serve: Callable[..., Api], secrets: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("outside-secret")
    (secrets / "link").symlink_to(tmp_path / "outside")
    (secrets / "inner").symlink_to(secrets / "acme" / "token")
    (secrets / "empty").write_text("  \n")
    (secrets / "binary").write_bytes(bytes(range(256)))
    (secrets / "huge").write_text("x" * 20_000)
    api = serve(KINTSUGI_SECRET_FOLDER=str(secrets))
    for name in ("link", "empty", "binary", "huge", "acme", "missing"):
        agent = api.agent(auth={"type": "bearer_file", "path": name})
        ended = api.run(agent, "failed")
        assert ended["error"]["type"] == "auth_failure" and ended["error"]["sent"] == "no" and agent.calls() == [], name
        assert str(secrets) not in json.dumps(api.timeline(ended))
    agent = api.agent(auth={"type": "bearer_file", "path": "inner"})
    api.run(agent)
    assert agent.calls()[0]["headers"]["authorization"] == "Bearer first-token", "links inside are how secrets are mounted"
