"""Alert channels against receivers that we did not write: `standardwebhooks` and `svix` check signatures, `aiosmtpd`
takes mail that Python's parser reads, Debian's Alertmanager shows and resolves alerts; what Slack and PagerDuty take
is checked by the schemas in `messages.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import standardwebhooks
import svix.webhooks

import messages
from harness import Agent, Api
from receivers import Alertmanager, Answer, CertificateAuthority, HTTPReceiver, Mail, MailReceiver, Request

JSON = dict[str, Any]
ROUTING_KEY = "R0123456789abcdef0123456789ABCDE"
HOSTILE = "<!channel> & <https://evil.example|click>\r\nBcc: everyone@example.com\r\n\r\n.\r\n\u202e\u2028\x00 naïve 🏦"


class Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


@contextmanager
def open_while(receiver: C) -> Iterator[C]:
    try:
        yield receiver
    finally:
        receiver.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


def channel(api: Api, kind: str, config: JSON, agent: Agent | None = None, **members: Any) -> JSON:
    """A channel that hears of this agent's alerts only (of none without one)."""
    match = {"agent_id": agent.id if agent else api.name("nobody")}
    body = {"kind": kind, "name": f"{kind} of a test", "config": config, "match": match} | members
    made = api.post("/alert-channels", body, expect=201)
    assert made["kind"] == kind and made["enabled"], made
    return made


def told(api: Api, made: JSON) -> JSON:
    """Tests the channel and waits for the delivery's end."""
    return api.post(f"/alert-channels/{made['id']}/test", expect=202, params={"wait": "true"})["delivery"]


def failing(api: Api, body: str = "no such account") -> Agent:
    return api.agent({"status": 400, "raw": body})


def fail(api: Api, agent: Agent) -> JSON:
    """A payment of $250 fails for good, which is critical."""
    payment = {"amount": "250.00", "currency": "USD", "kind": "payment"}
    return api.run(agent, "failed", type="payment.capture", payment=payment)


def mend(api: Api, task: JSON) -> None:
    api.post(f"/failed-tasks/{api.entry(task)['id']}/resolve", {"note": "paid by hand"}, expect=200)


def verified(request: Request, secret: str) -> JSON:
    """The body, if both libraries say that it is signed."""
    standardwebhooks.Webhook(secret).verify(request.raw, request.headers)
    svix.webhooks.Webhook(secret).verify(request.raw, request.headers)
    assert not (faults := messages.faults(messages.WEBHOOK, request.body)), faults
    return request.body


# Webhooks


def test_a_webhook_is_signed_so_that_other_libraries_agree(api: Api) -> None:
    with open_while(HTTPReceiver(Answer(204))) as receiver:
        agent = failing(api)
        made = channel(api, "webhook", {"url": receiver.url + "/hook"}, agent)
        secret = made["secret"]
        assert secret.startswith("whsec_")

        delivery = told(api, made)
        assert (delivery["status"], delivery["http_status"]) == ("delivered", 204), delivery
        test = receiver.inbox.wait(1)[0]
        assert verified(test, secret)["type"] == "alert.test"
        assert test.headers["webhook-id"] == delivery["id"]

        task = fail(api, agent)
        raised = verified(receiver.inbox.wait(2)[1], secret)
        assert raised["type"] == "alert.raised"
        alert = raised["data"]
        assert (alert["severity"], alert["status"], alert["count"]) == ("critical", "firing", 1)
        assert alert["task_ids"] == [task["id"]] and alert["value"] == [{"amount": "250.00", "currency": "USD"}]

        mend(api, task)
        resolved = verified(receiver.inbox.wait(3)[2], secret)
        assert (resolved["type"], resolved["data"]["id"]) == ("alert.resolved", alert["id"])
        assert resolved["data"]["status"] == "resolved"


def test_a_delivery_that_is_tried_again_is_the_same_delivery(api: Api) -> None:
    with open_while(HTTPReceiver(Answer(503), Answer(200))) as receiver:
        agent = failing(api)
        made = channel(api, "webhook", {"url": receiver.url}, agent)
        fail(api, agent)
        first, second = receiver.inbox.wait(2)
        assert first.headers["webhook-id"] == second.headers["webhook-id"] and first.raw == second.raw
        verified(first, made["secret"])
        verified(second, made["secret"])


# Slack and PagerDuty


def test_slack_gets_blocks_that_it_takes(api: Api) -> None:
    with open_while(HTTPReceiver(Answer(200, "ok"))) as receiver:
        agent = failing(api, HOSTILE)
        made = channel(api, "slack", {"url": receiver.url + "/services/T0/B0/very-secret"}, agent)
        assert told(api, made)["status"] == "delivered"
        task = fail(api, agent)
        receiver.inbox.wait(2)
        mend(api, task)
        requests = receiver.inbox.wait(3)
        for request in requests:
            assert not (faults := messages.faults(messages.SLACK, request.body)), (faults, request.body)
        test, raised, resolved = [request.body["text"] for request in requests]
        assert "[TEST]" in test
        assert f"[CRITICAL] 1 task failing: validation_error from {agent.id}" in raised
        assert "[RESOLVED]" in resolved
        assert f"/tasks/{task['id']}" in json.dumps(requests[1].body)
        shown = json.dumps([api.get(f"/alert-channels/{made['id']}/deliveries"), api.get("/alert-channels")])
        assert "very-secret" not in shown


@pytest.mark.parametrize("status,body,error", [
    (404, "no_service", "not_found"), (403, "action_prohibited", "auth_failure"), (200, "<html>", "invalid_response"),
    (302, "", "client_error"),
])
def test_what_slack_refuses_has_failed(api: Api, status: int, body: str, error: str) -> None:
    with open_while(HTTPReceiver(Answer(status, body, {"location": "/elsewhere"}))) as receiver:
        delivery = told(api, channel(api, "slack", {"url": receiver.url + "/services/T0/B0/very-secret"}))
        assert (delivery["status"], delivery["http_status"], delivery["attempts"]) == ("failed", status, 1), delivery
        assert delivery["error"]["type"] == error
        assert len(receiver.inbox.all()) == 1, "a redirect is not followed"


def test_pagerduty_has_one_incident_an_alert(api: Api) -> None:
    with open_while(HTTPReceiver(Answer(202, '{"status":"success"}'))) as receiver:
        agent = failing(api, HOSTILE)
        made = channel(api, "pagerduty", {"routing_key": ROUTING_KEY, "url": receiver.url + "/v2/enqueue"}, agent)
        assert ROUTING_KEY not in json.dumps(made), "secrets are shown as dots"
        delivery = told(api, made)
        assert delivery["status"] == "delivered" and ROUTING_KEY not in json.dumps(delivery)
        task = fail(api, agent)
        receiver.inbox.wait(2)
        mend(api, task)
        bodies = [request.body for request in receiver.inbox.wait(3)]
        for body in bodies:
            assert not (faults := messages.faults(messages.PAGERDUTY, body)), (faults, body)
            assert body["routing_key"] == ROUTING_KEY
        test, raised, resolved = bodies
        assert (test["event_action"], raised["event_action"], resolved["event_action"]) == ("trigger", "trigger", "resolve")
        assert raised["dedup_key"] == resolved["dedup_key"] != test["dedup_key"]
        assert (test["payload"]["severity"], raised["payload"]["severity"]) == ("info", "critical")
        assert raised["payload"]["summary"] == f"1 task failing: validation_error from {agent.id}"


# Alertmanager


def test_alertmanager_shows_the_alert_and_resolves_it(api: Api, tmp_path: Path) -> None:
    with open_while(Alertmanager(tmp_path)) as alertmanager:
        agent = failing(api, HOSTILE)
        made = channel(api, "alertmanager", {"url": alertmanager.url}, agent)
        assert told(api, made)["status"] == "delivered"
        alertmanager.shows(1, alertname="KintsugiTest")

        task = fail(api, agent)
        shown = alertmanager.shows(1, alertname="KintsugiTasksFailing")[0]
        labels = shown["labels"]
        assert (labels["severity"], labels["error_type"], labels["provider"]) == ("critical", "validation_error", agent.id)
        assert shown["status"]["state"] == "active"
        assert shown["annotations"]["summary"] == f"1 task failing: validation_error from {agent.id}"

        mend(api, task)
        alertmanager.shows(0, alertname="KintsugiTasksFailing")
        news = alertmanager.told.inbox.wait(2, lambda one: one.body["groupLabels"]["alertname"] == "KintsugiTasksFailing")
        assert [one.body["status"] for one in news] == ["firing", "resolved"]
        assert all(one["labels"] == labels for news_item in news for one in news_item.body["alerts"])


# Mail


def config(receiver: MailReceiver, **members: Any) -> JSON:
    return {
        "host": "localhost", "port": receiver.port, "from": "Kintsugi Ålerts <alerts@example.com>",
        "to": ["ops@example.com", "On Call <call@example.com>"], "username": receiver.USERNAME,
        "password": receiver.PASSWORD, "tls": "starttls",
    } | members


def read(mail: Mail) -> JSON:
    """The mail as Python reads it, which must have nothing to complain about."""
    message = mail.message
    for part in message.walk():
        assert not part.defects, part.defects
    for name, value in message.items():
        assert not value.defects, (name, value.defects)
        assert "Bcc" not in name
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain and html and message.get_content_type() == "multipart/alternative"
    assert message["Auto-Submitted"] == "auto-generated" and message["List-Id"] and message["Date"].datetime
    assert [address.addr_spec for address in message["To"].addresses] == ["ops@example.com", "call@example.com"]
    assert str(message["From"]) == "Kintsugi Ålerts <alerts@example.com>"
    return {"subject": str(message["Subject"]), "id": message["Message-ID"], "thread": message["References"],
            "plain": plain.get_content(), "html": html.get_content()}


def test_mail_goes_over_starttls_with_a_password_and_reads_well(api: Api, authority: CertificateAuthority) -> None:
    with open_while(MailReceiver(authority)) as receiver:
        agent = failing(api, HOSTILE)
        made = channel(api, "email", config(receiver, ca_file=str(authority.file)), agent)
        assert receiver.PASSWORD not in json.dumps(made, ensure_ascii=False)
        delivery = told(api, made)
        assert delivery["status"] == "delivered", delivery
        task = fail(api, agent)
        receiver.inbox.wait(2)
        mend(api, task)
        mails = receiver.inbox.wait(3)
        for mail in mails:
            assert mail.is_secure and mail.username == receiver.USERNAME and mail.sender == "alerts@example.com"
            assert mail.recipients == ["ops@example.com", "call@example.com"]
        test, raised, resolved = [read(mail) for mail in mails]
        assert test["subject"].startswith("[TEST]") and test["id"] == f"<{delivery['id']}@example.com>"
        assert raised["subject"] == f"[CRITICAL] 1 task failing: validation_error from {agent.id}"
        assert resolved["subject"] == f"[RESOLVED] 1 task failed: validation_error from {agent.id}"
        assert raised["thread"] == resolved["thread"] != test["thread"] and raised["id"] != resolved["id"]
        for text in (raised["plain"], raised["html"]):
            assert "250.00 USD" in text and f"/tasks/{task['id']}" in text and "naïve 🏦" in text
        assert "<https://evil" not in raised["html"]


def test_mail_goes_over_tls_from_the_start_and_by_auth_login(api: Api, authority: CertificateAuthority) -> None:
    refuse = {"call@example.com": "550 5.1.1 nobody of that name"}
    with open_while(MailReceiver(authority, "implicit", mechanisms=("LOGIN",), refuse=refuse)) as receiver:
        settings = config(receiver, tls="implicit", host="127.0.0.1", ca_file=str(authority.file))
        assert told(api, channel(api, "email", settings))["status"] == "delivered"
        mail = receiver.inbox.wait(1)[0]
        assert mail.is_secure and mail.recipients == ["ops@example.com"], "the other one was refused"
        assert receiver.logins.all() == ["LOGIN"]


def test_mail_that_cannot_be_sent_safely_is_not_sent(api: Api, authority: CertificateAuthority) -> None:
    def error(receiver: MailReceiver, **members: Any) -> JSON:
        delivery = told(api, channel(api, "email", config(receiver, **members)))
        assert (delivery["status"], delivery["attempts"]) == ("failed", 1), delivery
        assert receiver.PASSWORD not in json.dumps(delivery, ensure_ascii=False)
        return delivery["error"]

    trusted = str(authority.file)
    with open_while(MailReceiver(authority)) as receiver:
        assert error(receiver, password="wrong", ca_file=trusted)["type"] == "auth_failure"
        assert "certificate" in error(receiver)["message"], "an authority that nobody knows"
        assert receiver.inbox.all() == [] and receiver.logins.all() == ["PLAIN"]
    with open_while(MailReceiver(authority, names=("mail.example.com",))) as other:
        assert "another host" in error(other, ca_file=trusted)["message"]
        assert other.logins.all() == []
    with open_while(MailReceiver(None, "none")) as plain:
        assert "STARTTLS" in error(plain, ca_file=trusted)["message"]
        assert plain.logins.all() == [] and plain.inbox.all() == []
