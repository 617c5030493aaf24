"""Alerts: raised with the dead letter, one for a cause, told to channels that verify what they get, and cured."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from standardwebhooks import Webhook

from harness import CALM, STAMP, Agent, Api, JSON, eventually, stamp
from receivers import Answer, HTTPReceiver, Request

FAST = {"max_attempts": 1}
BREAKING = {"consecutive_failures": 2, "open_ms": 600_000, "probes": 1}


def paid(amount: str, currency: str = "USD", kind: str = "invoice") -> JSON:
    return {"payment": {"amount": amount, "currency": currency, "kind": kind}}


def failing(api: Api, agent: Agent | None = None, **members: Any) -> JSON:
    """A task that has failed for good."""
    agent = agent or api.agent(422, breaker=CALM)
    return api.run(agent, "failed", **({"type": "report.send", "retry_policy": FAST} | members))


def raised(api: Api, task: JSON) -> JSON:
    """The data of the task's alert event."""
    return api.told(task, "alert_raised")[-1]["data"]


def alert_of(api: Api, task: JSON) -> JSON:
    return api.get(f"/alerts/{raised(api, task)['alert_id']}")


def told(alert: JSON, receiver: HTTPReceiver, kind: str | None = None) -> list[JSON]:
    bodies = [request.body for request in receiver.inbox.all()]
    return [one for one in bodies if one["data"]["id"] == alert["id"] and kind in (None, one["type"])]


def wait_told(alert: JSON, receiver: HTTPReceiver, kind: str, times: int = 1, timeout: float = 20) -> list[JSON]:
    """What the receiver heard of this alert, as soon as it has heard it so often."""
    def fits(request: Request) -> bool:
        return bool(request.body["type"] == kind and request.body["data"]["id"] == alert["id"])

    return [request.body for request in receiver.inbox.wait(times, fits, timeout)]


@pytest.fixture
def receiver() -> Iterator[HTTPReceiver]:
    receiver = HTTPReceiver(Answer(204))
    yield receiver
    receiver.close()


@pytest.fixture
def dead() -> Iterator[HTTPReceiver]:
    receiver = HTTPReceiver(Answer(503))
    yield receiver
    receiver.close()


@pytest.fixture
def channel(api: Api, receiver: HTTPReceiver) -> Iterator[Callable[..., JSON]]:
    """Makes webhook channels to the receiver, which are gone after the test."""
    made: list[JSON] = []

    def make(to: HTTPReceiver = receiver, **members: Any) -> JSON:
        body = {"kind": "webhook", "name": "pager", "config": {"url": to.url + "/hook"}, "group_interval_ms": 500}
        made.append(api.post("/alert-channels", body | members, expect=201))
        return made[-1]

    yield make
    for one in made:
        api.call("DELETE", f"/alert-channels/{one['id']}", expect=(204, 404))


# What raises one


@pytest.mark.parametrize(("members", "severity"), [
    ({}, "medium"), (paid("99.99"), "medium"), (paid("100"), "critical"), (paid("100.00"), "critical"),
    (paid("99.999999999999999999"), "medium"), (paid("100.000000000000000001"), "critical"),
    (paid("100", "EUR"), "critical"), (paid("15000", "JPY"), "critical"), (paid("99", "JPY"), "medium"),
    (paid("1", kind="payment"), "high"), (paid("1", kind="withdrawal"), "high"), (paid("1", kind="payments"), "medium"),
    ({"type": "payment.capture"}, "high"), ({"type": "card_withdrawal-v2"}, "high"), ({"type": "repayment.send"}, "medium"),
    ({"type": "payment.capture"} | paid("99.99"), "high"), ({"type": "payment.capture"} | paid("100.00"), "critical"),
])
def test_severity_is_by_money_then_by_kind(api: Api, members: JSON, severity: str) -> None:
    task = failing(api, **members)
    story = [event["type"] for event in api.timeline(task)]
    assert story[-3:] == ["task_failed", "moved_to_dlq", "alert_raised"]
    assert raised(api, task)["severity"] == severity
    alert = alert_of(api, task)
    assert alert["severity"] == severity and alert["status"] == "firing" and alert["kind"] == "task"
    assert alert["task_ids"] == [task["id"]] and alert["count"] == alert["total"] == 1
    assert api.entry(task)["alert"] == {"id": alert["id"], "severity": severity}
    assert alert["cause"] == api.entry(task)["error_group"]
    events = {"medium": "warning", "high": "error", "critical": "critical"}
    assert api.told(task, "alert_raised")[0]["severity"] == events[severity]


def test_thresholds_are_per_currency(serve: Callable[..., Api]) -> None:
    api = serve(KINTSUGI_CRITICAL_AMOUNT="500", KINTSUGI_CRITICAL_AMOUNTS="JPY=15000, EUR=90")
    agent = api.agent(422, breaker=CALM)
    for amount, currency, severity in [
        ("499.99", "USD", "medium"), ("500", "USD", "critical"), ("14999.99", "JPY", "medium"), ("15000", "JPY", "critical"),
        ("89.99", "EUR", "medium"), ("90.00", "EUR", "critical"), ("500", "GBP", "critical"), ("499", "GBP", "medium"),
    ]:
        assert raised(api, failing(api, agent, **paid(amount, currency)))["severity"] == severity, (amount, currency)


def test_a_success_or_a_cancelled_task_raises_none(api: Api) -> None:
    done, gone = api.run(api.agent()), api.task(api.agent(paused=True))
    api.post(f"/tasks/{gone['id']}/cancel", {})
    assert not api.told(done, "alert_raised") and not api.told(gone, "alert_raised")


def test_one_cause_is_one_alert_with_its_money(api: Api) -> None:
    agent = api.agent(*[{"status": 422, "body": {"error": f"order {n} of shop{n}.example"}} for n in range(5)], breaker=CALM)
    tasks = [failing(api, agent, type=f"report.{n}", **paid(f"{n}.50", "USD" if n else "EUR")) for n in range(4)]
    alert = alert_of(api, tasks[0])
    assert alert["count"] == 4 and alert["task_ids"] == [task["id"] for task in reversed(tasks)]
    assert alert["value"] == [{"amount": "0.50", "currency": "EUR"}, {"amount": "7.50", "currency": "USD"}] or \
        alert["value"] == [{"amount": "0.50", "currency": "EUR"}, {"amount": "7.50", "currency": "USD"}][::-1]
    assert alert["title"] == f"4 tasks, agent {agent.id}, validation_error"
    assert alert["error_type"] == "validation_error" and alert["error"]["http_status"] == 422
    assert STAMP.match(alert["first_raised_at"]) and alert["url"].endswith(f"/alerts/{alert['id']}")
    other = api.agent(404, breaker=CALM)
    assert alert_of(api, failing(api, other))["id"] != alert["id"]
    mine, theirs = failing(api, agent, user_id="alerts-ann"), failing(api, agent, user_id="alerts-bob")
    assert len({alert["id"], alert_of(api, mine)["id"], alert_of(api, theirs)["id"]}) == 3, "one alert a user"


def test_messages_are_shown_without_secrets(api: Api) -> None:
    agent = api.agent({"status": 422, "body": {"password": "hunter2", "field": "amount"}}, breaker=CALM)
    alert = alert_of(api, failing(api, agent))
    assert "hunter2" not in str(alert) and "•••" in alert["error"]["message"] and "amount" in alert["error"]["message"]


# What ends one


def test_it_resolves_with_the_last_task_whatever_cures_it(api: Api) -> None:
    agent = api.agent(422, breaker=CALM)
    tasks = [failing(api, agent) for _ in range(4)]
    alert = alert_of(api, tasks[0])
    entries = [api.entry(task) for task in tasks]
    api.post(f"/failed-tasks/{entries[0]['id']}/resolve", {}, expect=200)
    api.post(f"/failed-tasks/{entries[1]['id']}/discard", {}, expect=200)
    agent.script(200)
    api.post(f"/failed-tasks/{entries[2]['id']}/retry", {"delay_ms": 60_000})
    now = api.get(f"/alerts/{alert['id']}")
    assert now["status"] == "firing" and now["count"] == 2 and now["total"] == 4, "a retry alone cures nothing"
    api.post(f"/tasks/{tasks[2]['id']}/cancel", {})
    api.post(f"/failed-tasks/{entries[3]['id']}/retry", {})
    api.wait(tasks[3], "completed")
    now = api.get(f"/alerts/{alert['id']}")
    assert now["status"] == "resolved" and now["count"] == 0 and now["value"] == []
    assert now["resolved_by"] == "system" and STAMP.match(now["resolved_at"])
    assert [api.told(task, "alert_resolved")[0]["data"]["alert_id"] for task in tasks] == [alert["id"]] * 4
    assert api.timeline(tasks[3])[-1]["type"] == "alert_resolved"
    assert api.entry(tasks[3])["alert"]["id"] == alert["id"]


def test_people_acknowledge_and_resolve(api: Api) -> None:
    agent = api.agent(422, breaker=CALM)
    task = failing(api, agent, user_id="alerts-eve")
    eve, viewer, bob = api.as_user("alerts-eve"), api.as_user("alerts-eve", "viewer"), api.as_user("alerts-bob")
    path = f"/alerts/{alert_of(api, task)['id']}"
    assert bob.refused(404, "GET", path) and bob.refused(404, "POST", path + "/acknowledge", {})
    assert viewer.get(path)["id"] == eve.get(path)["id"] and viewer.refused(403, "POST", path + "/resolve", {})
    acked = eve.post(path + "/acknowledge", {"note": "on it"}, expect=200)
    assert acked["status"] == "acknowledged" and acked["acknowledged_by"] == "user:alerts-eve" and acked["note"] == "on it"
    assert eve.post(path + "/acknowledge", {}, expect=200)["note"] == "on it", "once more it is no news"
    assert eve.get(path) == acked
    failing(api, agent, user_id="alerts-eve")
    assert eve.get(path)["status"] == "acknowledged"
    closed = eve.post(path + "/resolve", {"note": "enough"}, expect=200, headers={"Idempotency-Key": "close-1"})
    assert closed["status"] == "resolved" and closed["resolved_by"] == "user:alerts-eve" and closed["count"] == 2
    assert eve.post(path + "/resolve", {"note": "enough"}, expect=200, headers={"Idempotency-Key": "close-1"}) == closed
    assert eve.refused(409, "POST", path + "/resolve", {}) and eve.refused(409, "POST", path + "/acknowledge", {})
    failing(api, agent, user_id="alerts-eve")
    again = eve.get(path)
    assert again["status"] == "firing" and again["acknowledged_at"] is None and again["count"] == 3
    audit = [(entry["type"], entry["actor"]) for entry in api.pages("/audit", kind="alert") if entry["key"] == again["id"]]
    assert audit == [("alert_closed", "user:alerts-eve"), ("alert_acknowledged", "user:alerts-eve")]


def test_lists_are_narrowed_and_scoped(api: Api) -> None:
    user = api.as_user("alerts-lists")
    tasks = [failing(api, user_id="alerts-lists", **members) for members in ({}, paid("100"), {"type": "payment.x"})]
    ids = [raised(api, task)["alert_id"] for task in tasks]
    assert [alert["id"] for alert in user.pages("/alerts", limit=1)] == ids[::-1], "the one raised last first"
    assert [alert["id"] for alert in user.pages("/alerts", severity="critical,high")] == [ids[2], ids[1]]
    user.post(f"/alerts/{ids[0]}/acknowledge", {}, expect=200)
    assert [alert["id"] for alert in user.pages("/alerts", status="acknowledged")] == ids[:1]
    assert user.pages("/alerts", kind="breaker") == [] and user.pages("/alerts", user_id="somebody") == []
    assert {alert["id"] for alert in api.pages("/alerts", user_id="alerts-lists")} == set(ids)
    for params in ({"status": "open"}, {"severity": "low"}, {"kind": "x"}, {"limit": "0"}, {"cursor": "?"}, {"page": "1"}):
        assert [fault["parameter"] for fault in user.refused(422, "GET", "/alerts", params=params)["errors"]] == list(params)
    assert api.refused(404, "GET", "/alerts/nothing") and api.refused(404, "GET", f"/alerts/{tasks[0]['id']}")


def test_an_open_breaker_is_an_alert_for_admins(api: Api) -> None:
    agent = api.agent(503, breaker=BREAKING | {"open_ms": 100})
    tasks = [api.task(agent, user_id="alerts-eve", retry_policy={"base_delay_ms": 1, "jitter": 0}) for _ in range(2)]
    alert = eventually(lambda: next((one for one in api.pages("/alerts", kind="breaker") if one["provider"] == agent.id), None), "alert")
    assert alert["severity"] == "critical" and alert["user_id"] is None and alert["cause"] is None and alert["count"] == 0
    assert api.as_user("alerts-eve").refused(404, "GET", f"/alerts/{alert['id']}")
    agent.script(200)
    for task in tasks:
        api.wait(task, "completed")
    eventually(lambda: api.get(f"/alerts/{alert['id']}")["status"] == "resolved", "the breaker's alert resolves")
    assert len([one for one in api.pages("/alerts", kind="breaker") if one["provider"] == agent.id]) == 1, "one a trip"


# Who is told


def test_what_a_webhook_gets_is_signed_and_says_it(api: Api, receiver: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    made = channel(match={"user_id": "alerts-hook"})
    assert made["secret"].startswith("whsec_") and made["health"]["state"] == "unknown"
    task = failing(api, user_id="alerts-hook", **paid("250.00"))
    alert = alert_of(api, task)
    request = receiver.inbox.wait(1)[0]
    body = Webhook(made["secret"]).verify(request.raw, request.headers)
    assert body["type"] == "alert.raised" and STAMP.match(body["timestamp"])
    data = body["data"]
    assert data["id"] == alert["id"] and data["severity"] == "critical" and data["status"] == "firing"
    assert data["title"] == alert["title"] and data["task_ids"] == [task["id"]] and data["count"] == 1
    assert data["value"] == [{"amount": "250.00", "currency": "USD"}] and data["url"] == alert["url"]
    eventually(lambda: api.get(f"/alerts/{alert['id']}")["notifications"]["sent"] == 1, "the alert knows that it was told")


def test_212_tasks_are_two_notifications(api: Api, receiver: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    channel(match={"user_id": "alerts-212"}, group_interval_ms=8000)
    agent = api.agent(422, breaker=CALM)
    body = {"type": "report.send", "agent_id": agent.id, "retry_policy": FAST, "user_id": "alerts-212"}
    tasks = api.post("/tasks/batch", {"tasks": [body] * 212}, expect=201)["data"]
    for task in tasks:
        api.wait(task, "failed", timeout=60)
    alert = alert_of(api, tasks[0])
    assert alert["count"] == 212 and len(alert["task_ids"]) == 20
    second = wait_told(alert, receiver, "alert.raised", 2)[1]["data"]
    assert second["count"] == 212 and second["title"] == f"212 tasks, agent {agent.id}, validation_error"
    api.settle()
    assert len(told(alert, receiver)) == 2


def test_a_more_severe_task_and_the_recovery_are_told_at_once(api: Api, receiver: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    channel(match={"user_id": "alerts-rise"}, group_interval_ms=3_600_000)
    agent = api.agent(422, breaker=CALM)
    tasks = [failing(api, agent, user_id="alerts-rise")]
    alert = alert_of(api, tasks[0])
    assert wait_told(alert, receiver, "alert.raised")[0]["data"]["severity"] == "medium"
    tasks += [failing(api, agent, user_id="alerts-rise", **paid("100"))]
    assert wait_told(alert, receiver, "alert.raised", 2)[1]["data"]["severity"] == "critical"
    agent.script(200)
    for task in tasks:
        api.post(f"/tasks/{task['id']}/retry", {})
    over = wait_told(alert, receiver, "alert.resolved")[0]["data"]
    assert over["status"] == "resolved" and set(over["task_ids"]) == {task["id"] for task in tasks}
    api.settle()
    assert [one["type"] for one in told(alert, receiver)] == ["alert.raised", "alert.raised", "alert.resolved"]


def test_what_fires_is_repeated_until_it_is_acknowledged(api: Api, receiver: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    channel(match={"user_id": "alerts-again"}, repeat_interval_ms=200)
    alert = alert_of(api, failing(api, user_id="alerts-again"))
    wait_told(alert, receiver, "alert.raised", 3)
    api.post(f"/alerts/{alert['id']}/acknowledge", {}, expect=200)
    api.settle()
    count = len(told(alert, receiver))
    # Another one is repeated four times meanwhile.
    other = alert_of(api, failing(api, user_id="alerts-again"))
    wait_told(other, receiver, "alert.raised", 5)
    assert len(told(alert, receiver)) <= count + 1
    api.post(f"/alerts/{alert['id']}/resolve", {}, expect=200)
    wait_told(alert, receiver, "alert.resolved")


def test_channels_hear_of_what_they_are_for(api: Api, receiver: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    agent, user = api.agent(422, breaker=CALM), {"user_id": "alerts-routes"}
    severe = channel(match=user, min_severity="critical", name="severe")
    typed = channel(match=user | {"task_type": "report.a"}, name="typed")
    by_agent = channel(match=user | {"agent_id": "nobody"}, name="agent")
    channel(match=user, enabled=False, name="off")
    small = alert_of(api, failing(api, agent, type="report.a", **user))
    wait_told(small, receiver, "alert.raised")
    large = alert_of(api, failing(api, type="report.b", **user, **paid("100")))
    wait_told(large, receiver, "alert.raised")
    api.settle()
    def counts(made: JSON) -> list[str]:
        return [one["alert_id"] for one in api.pages(f"/alert-channels/{made['id']}/deliveries")]
    assert counts(severe) == [large["id"]] and counts(typed) == [small["id"]] and counts(by_agent) == []
    api.call("PATCH", f"/alert-channels/{by_agent['id']}", {"match": user}, expect=200)
    failing(api, agent, type="report.c", **user)
    eventually(lambda: small["id"] in counts(by_agent), "a changed channel hears of what comes now")


def test_a_silence_holds_back_until_it_ends(api: Api, receiver: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    channel(match={"user_id": "alerts-hush"})
    agent = api.agent(422, breaker=CALM)
    silence = api.post("/alert-silences", {"match": {"agent_id": agent.id}, "ends_at": stamp(2.5), "comment": "known"}, expect=201)
    alert = alert_of(api, failing(api, agent, user_id="alerts-hush"))
    assert alert["silenced"] is True
    other = alert_of(api, failing(api, user_id="alerts-hush"))
    wait_told(other, receiver, "alert.raised")
    assert told(alert, receiver) == []
    wait_told(alert, receiver, "alert.raised")
    assert api.get(f"/alerts/{alert['id']}")["silenced"] is False
    shown = api.get(f"/alert-silences/{silence['id']}")
    assert shown == silence and shown["created_by"] == "user:admin" and shown in api.pages("/alert-silences")
    lasting = api.post("/alert-silences", {"match": {"user_id": "alerts-hush"}, "ends_at": stamp(600)}, expect=201)
    third = alert_of(api, failing(api, user_id="alerts-hush"))
    api.settle()
    assert told(third, receiver) == []
    api.call("DELETE", f"/alert-silences/{lasting['id']}", expect=204)
    wait_told(third, receiver, "alert.raised")
    assert api.refused(404, "GET", f"/alert-silences/{lasting['id']}")


def test_what_is_over_the_limit_comes_as_a_digest_later(api: Api, receiver: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    made = channel(match={"user_id": "alerts-cap"}, rate={"per_hour": 2})
    alerts = [alert_of(api, failing(api, user_id="alerts-cap")) for _ in range(5)]
    receiver.inbox.wait(2)
    api.settle()
    assert len(receiver.inbox.all()) == 2, "the others wait for the hour to end"
    api.call("PATCH", f"/alert-channels/{made['id']}", {"rate": None}, expect=200)
    receiver.inbox.wait(5)
    assert {request.body["data"]["id"] for request in receiver.inbox.all()} == {alert["id"] for alert in alerts}


def test_a_dead_channel_is_told_on_the_others_and_nothing_goes_in_circles(
        api: Api, receiver: HTTPReceiver, dead: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    broken = channel(dead, match={"user_id": "alerts-dead"}, name="broken")
    channel(match={"kind": "channel"}, name="watch")
    also_dead = channel(dead, match={"kind": "channel"}, name="also broken")
    alert_of(api, failing(api, user_id="alerts-dead"))
    heard = receiver.inbox.wait(1, lambda request: broken["id"] in request.body["data"]["provider"], 60)[0].body
    assert heard["type"] == "alert.raised" and heard["data"]["kind"] == "channel" and heard["data"]["severity"] == "critical"
    alert = api.get(f"/alerts/{heard['data']['id']}")
    assert alert["status"] == "firing" and alert["user_id"] is None
    assert api.get(f"/alert-channels/{broken['id']}")["health"]["state"] == "failing"
    # The other dead one is told of it in vain, dies of that, and is told on the living one; that is the end of it.
    receiver.inbox.wait(1, lambda request: also_dead["id"] in request.body["data"]["provider"], 60)
    dead.script(Answer(204))
    for one in (broken, also_dead):
        receiver.inbox.wait(1, lambda request: request.body["type"] == "alert.resolved" and one["id"] in request.body["data"]["provider"], 90)
    kinds = [alert["provider"] for alert in api.pages("/alerts", kind="channel")]
    assert sorted(kinds) == sorted(set(kinds)) and len(kinds) == 2, "one alert each"
    delivered = api.pages(f"/alert-channels/{broken['id']}/deliveries")
    assert [one["reason"] for one in delivered] == ["new"]
    eventually(lambda: api.pages(f"/alert-channels/{broken['id']}/deliveries")[0]["status"] == "delivered", "told late, not never", 60)


def test_nothing_is_lost_when_the_server_dies_between_raise_and_delivery(serve: Callable[..., Api], receiver: HTTPReceiver) -> None:
    api = serve()
    api.post("/alert-channels", {"kind": "webhook", "name": "pager", "config": {"url": receiver.url}}, expect=201)
    alerts = []
    for round in range(5):
        agent = api.agent(422, breaker=CALM)
        task = api.task(agent, retry_policy=FAST, metadata={"round": str(round)})
        agent.called(1)
        api.server.restart()  # SIGKILL, somewhere between the answer and the delivery
        api.wait(task, "failed")
        alerts.append(alert_of(api, task))
    for alert in alerts:
        wait_told(alert, receiver, "alert.raised")
    last = api.get(f"/alerts/{alerts[-1]['id']}")
    api.post(f"/failed-tasks/{api.pages('/failed-tasks', status='pending')[0]['id']}/resolve", {}, expect=200)
    api.server.restart()
    wait_told(last, receiver, "alert.resolved")
    ids = {request.headers["webhook-id"] for request in receiver.inbox.all()}
    by_alert = [(request.body["type"], request.body["data"]["id"], request.headers["webhook-id"]) for request in receiver.inbox.all()]
    assert len({(kind, alert) for kind, alert, _ in by_alert}) == len(ids), "one delivery each, however often it was tried"


def test_the_log_of_deliveries_and_the_test(api: Api, receiver: HTTPReceiver, dead: HTTPReceiver, channel: Callable[..., JSON]) -> None:
    made, broken = channel(match={"user_id": "nobody"}), channel(dead, match={"user_id": "nobody"})
    done = api.post(f"/alert-channels/{made['id']}/test", expect=202)["delivery"]
    assert done["status"] == "delivered" and done["event"] == "alert.test" and done["reason"] == "test"
    assert done["http_status"] == 204 and done["attempts"] == 1 and done["error"] is None and done["duration_ms"] >= 0
    assert receiver.inbox.wait(1)[0].body["type"] == "alert.test"
    failed = api.post(f"/alert-channels/{broken['id']}/test", {}, expect=202)["delivery"]
    assert failed["status"] == "failed" and failed["http_status"] == 503 and failed["error"]["type"] == "server_error"
    begun = api.call("POST", f"/alert-channels/{made['id']}/test", params={"wait": "false"}, expect=202).json()["delivery"]
    assert begun["status"] in ("pending", "delivered")
    log = eventually(lambda: (page := api.pages(f"/alert-channels/{made['id']}/deliveries"))[0]["status"] == "delivered" and page, "log")
    assert [one["id"] for one in log] == [begun["id"], done["id"]]
    assert log[1]["request"]["event"] == "alert.test" and log[1]["alert_id"] is None
    assert api.get(f"/alert-channels/{made['id']}")["health"]["state"] == "ok"
    assert api.get(f"/alert-channels/{broken['id']}")["health"]["last_error"]
    assert api.refused(404, "POST", f"/alert-channels/{failed['id']}/test")


# Channels over the API


@pytest.mark.parametrize(("body", "pointers"), [
    ({}, ["/kind"]), ({"kind": "webhook"}, ["/name", "/config"]), ({"kind": "pigeon", "name": "x"}, ["/kind"]),
    ({"kind": "webhook", "name": "", "config": {"url": "ftp://x"}}, ["/name", "/config/url"]),
    ({"kind": "webhook", "name": "x", "config": {"url": "http://169.254.169.254/"}}, ["/config/url"]),
    ({"kind": "slack", "name": "x", "config": {"uri": "http://x"}}, ["/config/uri", "/config/url"]),
    ({"kind": "pagerduty", "name": "x", "config": {}}, ["/config/routing_key"]),
    ({"kind": "email", "name": "x", "config": {"host": "169.254.169.254", "port": 0, "from": "me", "to": ["you"], "tls": "maybe"}},
     ["/config/host", "/config/port", "/config/from", "/config/to/0", "/config/tls"]),
    ({"kind": "email", "name": "x", "config": {"host": "mail", "from": "a@b.example", "to": [], "username": "u"}},
     ["/config/to", "/config/password"]),
    ({"kind": "log", "name": "x", "min_severity": "low", "match": {"color": "red"}, "repeat_interval_ms": 1, "group_interval_ms": 99,
      "quiet_hours": {"from": "24:00", "to": "7"}, "rate": {"per_hour": 0}, "enabled": "yes"},
     ["/min_severity", "/match/color", "/repeat_interval_ms", "/group_interval_ms", "/quiet_hours/from", "/quiet_hours/to",
      "/rate/per_hour", "/enabled"]),
    ({"kind": "log", "name": "x", "quiet_hours": {"from": "07:00", "to": "07:00"}, "rate": {}}, ["/quiet_hours/to", "/rate/per_hour"]),
])
def test_every_fault_of_a_channel_is_named(api: Api, body: JSON, pointers: list[str]) -> None:
    faults = api.refused(422, "POST", "/alert-channels", body)["errors"]
    assert sorted({fault["pointer"] for fault in faults}) == sorted(pointers)


def test_secrets_of_channels_are_never_shown_and_sealed_at_rest(serve: Callable[..., Api]) -> None:
    api = serve()
    secrets = ["R0UT1NGK3Y", "s3cr3tpath", "h4nter2pw"]
    pager = api.post("/alert-channels", {"kind": "pagerduty", "name": "p", "config": {"routing_key": secrets[0]}}, expect=201)
    slack = api.post("/alert-channels", {"kind": "slack", "name": "s", "config": {"url": f"http://127.0.0.1:9/{secrets[1]}"}}, expect=201)
    mail = {"host": "127.0.0.1", "from": "a@b.example", "to": ["c@d.example"], "username": "u", "password": secrets[2]}
    email = api.post("/alert-channels", {"kind": "email", "name": "m", "config": mail}, expect=201)
    hook = api.post("/alert-channels", {"kind": "webhook", "name": "h", "config": {"url": "http://127.0.0.1:9/"}}, expect=201)
    assert pager["config"] == {"routing_key": "•••", "url": "https://events.pagerduty.com/v2/enqueue"}
    assert slack["config"] == {"url": "•••"} and email["config"]["password"] == "•••" and email["config"]["port"] == 587
    shown = str(api.pages("/alert-channels")) + str(api.pages("/audit"))
    assert not any(secret in shown for secret in [*secrets, hook["secret"]])
    changed = api.call("PATCH", f"/alert-channels/{email['id']}", {"config": email["config"] | {"port": 2525}, "name": "mail"}, expect=200).json()
    assert changed["config"] == email["config"] | {"port": 2525} and changed["version"] == 2 and changed["name"] == "mail"
    rotated = api.post(f"/alert-channels/{hook['id']}/rotate-secret", {}, expect=200)
    assert rotated["secret"].startswith("whsec_") and rotated["secret"] != hook["secret"]
    assert api.refused(409, "POST", f"/alert-channels/{pager['id']}/rotate-secret", {})
    assert api.refused(412, "PATCH", f"/alert-channels/{pager['id']}", {"name": "x"}, headers={"If-Match": '"v9"'})
    api.server.restart()
    assert {one["id"]: one["config"] for one in api.pages("/alert-channels")}[email["id"]] == changed["config"]
    file = sqlite3.connect(f"file:{api.server.data}/kintsugi.db?mode=ro", uri=True)
    documents = "".join(row[0] or "" for row in file.execute("SELECT document FROM streams")) + \
        "".join(row[0] for row in file.execute("SELECT data FROM appends"))
    assert not any(secret in documents for secret in [*secrets, hook["secret"], rotated["secret"]])
    api.call("DELETE", f"/alert-channels/{pager['id']}", expect=204)
    assert api.refused(404, "GET", f"/alert-channels/{pager['id']}")
    kinds = [entry["type"] for entry in api.pages("/audit", kind="channel")]
    assert sorted(kinds) == ["channel_created"] * 4 + ["channel_deleted"] + ["channel_updated"] * 2


def test_a_repeated_creation_makes_one_channel(api: Api) -> None:
    body = {"kind": "webhook", "name": "once", "config": {"url": "http://127.0.0.1:9/"}, "enabled": False}
    first = api.call("POST", "/alert-channels", body, expect=201, headers={"Idempotency-Key": "chan-1"})
    again = api.call("POST", "/alert-channels", body, expect=201, headers={"Idempotency-Key": "chan-1"})
    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == first.json()
    assert first.headers["Location"] == f"/api/v1/alert-channels/{first.json()['id']}"


def test_channels_and_silences_are_the_admins(api: Api) -> None:
    user = api.as_user("alerts-eve")
    for path in ("/alert-channels", "/alert-silences", "/alert-channels/x", "/alert-channels/x/deliveries"):
        user.refused(403, "GET", path)
    user.refused(403, "POST", "/alert-channels", {})
    user.refused(403, "POST", "/alert-silences", {})


@pytest.mark.parametrize(("body", "pointers"), [
    ({}, ["/match", "/ends_at"]), ({"match": {}, "ends_at": "2999-01-01T00:00:00Z"}, ["/match"]),
    ({"match": {"agent_id": "a"}, "ends_at": "2001-01-01T00:00:00Z"}, ["/ends_at"]),
    ({"match": {"agent_id": "A", "x": 1}, "starts_at": "soon", "ends_at": "2999-01-01T00:00:00Z"},
     ["/match/agent_id", "/match/x", "/starts_at"]),
])
def test_every_fault_of_a_silence_is_named(api: Api, body: JSON, pointers: list[str]) -> None:
    faults = api.refused(422, "POST", "/alert-silences", body)["errors"]
    assert sorted({fault["pointer"] for fault in faults}) == sorted(pointers)


# Work of our own


def test_our_own_work_is_in_no_list_and_no_sum(serve: Callable[..., Api], receiver: HTTPReceiver, dead: HTTPReceiver) -> None:
    api = serve()
    good = api.post("/alert-channels", {"kind": "webhook", "name": "good", "config": {"url": receiver.url}}, expect=201)
    bad = api.post("/alert-channels", {"kind": "webhook", "name": "bad", "config": {"url": dead.url}}, expect=201)
    task = failing(api)
    wait_told(alert_of(api, task), receiver, "alert.raised")
    assert api.post(f"/alert-channels/{bad['id']}/test", {}, expect=202)["delivery"]["status"] == "failed"
    assert [one["id"] for one in api.pages("/tasks")] == [task["id"]]
    ours = api.pages("/tasks", origin="internal")
    assert len(ours) >= 3 and {one["type"] for one in ours} == {"kintsugi.alert"} and {one["user_id"] for one in ours} == {"kintsugi"}
    assert [entry["task_id"] for entry in api.pages("/failed-tasks")] == [task["id"]]
    hidden = api.pages("/failed-tasks", origin="internal")
    assert len(hidden) == 1 and hidden[0]["alert"] is None and not api.told({"id": hidden[0]["task_id"]}, "alert_raised")
    summary = api.get("/failed-tasks/summary")
    assert (summary["in"], summary["out"], summary["pending"]) == (1, 0, 1)
    health = api.get("/tasks/monitoring/health")
    assert health["counts"]["failed"] == 1 and sum(health["counts"].values()) == 1
    assert not any("kintsugi" in breaker["provider"] for breaker in health["circuit_breakers"] + api.pages("/circuit-breakers"))
    assert not any("kintsugi" in agent["id"] for agent in api.pages("/agents"))
    user = api.as_user("alerts-ann")
    assert user.pages("/tasks", origin="internal") == [] and user.pages("/failed-tasks", origin="internal") == []
    assert api.refused(404, "GET", f"/agents/kintsugi-channel-{good['id']}")
    assert api.refused(422, "GET", "/tasks", params={"origin": "user"})


@pytest.mark.parametrize(("path", "body", "pointer"), [
    ("/tasks", {"type": "kintsugi.alert"}, "/type"), ("/tasks", {"type": "a", "user_id": "kintsugi"}, "/user_id"),
    ("/agents", {"id": "kintsugi-x", "name": "x", "protocol": "http"}, "/id"),
    ("/agents", {"name": "x", "protocol": "http", "provider": "kintsugi-channel-x"}, "/provider"),
    ("/api-keys", {"name": "x", "role": "viewer", "user_id": "kintsugi"}, "/user_id"),
])
def test_our_names_are_reserved(api: Api, path: str, body: JSON, pointer: str) -> None:
    assert [fault["pointer"] for fault in api.refused(422, "POST", path, body)["errors"]] == [pointer]


def test_a_channel_is_no_agent_for_tasks(api: Api, channel: Callable[..., JSON]) -> None:
    name = f"kintsugi-channel-{channel(match={'user_id': 'nobody'})['id']}"
    assert api.refused(422, "POST", "/tasks", {"type": "a", "agent_id": name})["errors"][0]["pointer"] == "/agent_id"


# A bad night


def test_ten_thousand_failures_of_three_causes_are_three_alerts_and_three_recoveries(
        serve: Callable[..., Api], receiver: HTTPReceiver) -> None:
    api = serve()
    api.post("/alert-channels", {"kind": "webhook", "name": "pager", "config": {"url": receiver.url},
                                 "group_interval_ms": 3_600_000}, expect=201)
    noise = [{"status": 422, "body": {"error": f"Order {n * 7919} of user{n}@shop{n}.example.com at 10.0.{n}.7 is not valid"}} for n in range(50)]
    agents = [api.agent(*noise, seed=1, breaker=CALM),
              api.agent(*[answer | {"status": 404} for answer in noise], seed=2, breaker=CALM),
              api.agent(*[{"status": 402, "body": {"error": f"Card {n}{n}{n} was declined, code {n}"}} for n in range(50)], seed=3, breaker=CALM)]
    for number in range(10):
        batch = [{"type": "report.send", "agent_id": agents[n % 3].id, "retry_policy": FAST} for n in range(1000)]
        api.post("/tasks/batch", {"tasks": batch}, expect=201)
    eventually(lambda: api.get("/failed-tasks/summary")["in"] == 10_000, lambda: str(api.get("/failed-tasks/summary")), 300)
    alerts = api.pages("/alerts")
    assert len(alerts) == 3 and sum(alert["count"] for alert in alerts) == 10_000
    for alert in alerts:
        wait_told(alert, receiver, "alert.raised")
    entries = api.pages("/failed-tasks", status="pending")
    clients = [api.anyone(api.key) for _ in range(8)]

    def close(number: int) -> None:
        for entry in entries[number::len(clients)]:
            clients[number].call("POST", f"/failed-tasks/{entry['id']}/resolve", {}, expect=200)

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(close, range(len(clients))))
    for alert in alerts:
        wait_told(alert, receiver, "alert.resolved")
    assert all(alert["status"] == "resolved" for alert in api.pages("/alerts")) and len(api.pages("/alerts")) == 3
    assert sorted(request.body["type"] for request in receiver.inbox.all()) == ["alert.raised"] * 3 + ["alert.resolved"] * 3
