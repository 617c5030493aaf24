"""A server on which everything has happened once: what the screens are looked at with."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness import CALM, JSON, Agent, Api, eventually, ok

FAST = {"base_delay_ms": 10, "jitter": 0}
PAYMENT = {"amount": "250.00", "currency": "USD", "kind": "payment", "reference": "INV-2041", "payer": "ada@example.org", "payee": "Acme Ltd"}
INPUT = {"customer": {"id": 42, "name": "Ada"}, "lines": [{"sku": "a-1", "cents": 25000}], "big": 9223372036854775807, "note": "as agreed"}


SECTIONS = ["appearance", "keyboard", "keys", "roles", "retention", "audit", "about"]


@dataclass
class Story:
    api: Api
    healed: JSON
    plain: JSON
    failed: JSON
    paid: JSON
    running: JSON
    retrying: JSON
    held: JSON
    scheduled: JSON
    cancelled: JSON
    entry: JSON
    agents: dict[str, Agent] = field(default_factory=dict)

    def places(self) -> dict[str, str]:
        """Every screen by name, as a full server has it."""
        healed, failed, paid, running, held = (f"/tasks/{one['id']}" for one in (self.healed, self.failed, self.paid, self.running, self.held))
        return {
            "overview": "/", "overview of a week": "/?range=7d", "tasks": "/tasks", "tasks filtered": "/tasks?q=status%3Afailed", "tasks with a fault": "/tasks?q=colour%3Ared",
            "tasks with none": "/tasks?q=type%3Anone", "tasks with a panel": f"/tasks?task={self.failed['id']}", "dead letters": "/dead-letters",
            "dead letters one by one": "/dead-letters?view=entries", "dead letter beside": f"/dead-letters?view=entries&entry={self.entry['id']}",
            "dead letter": f"/dead-letters/{self.entry['id']}", "breakers": "/breakers", "recovery": "/recovery", "alerts": "/alerts", "agents": "/agents",
            "agent beside": "/agents?agent=story-flaky", "agent": "/agents/story-flaky", "live tail": "/live",
            "live tail with an event": f"/live?task={self.healed['id']}&seq=3", "settings": "/settings", **{f"settings, {one}": f"/settings?section={one}" for one in SECTIONS},
            "task": healed, "task timeline": f"{healed}?tab=timeline", "task event": f"{healed}?tab=timeline&event=4", "task attempts": f"{healed}?tab=attempts",
            "task payload": f"{healed}?tab=payload", "task payment": f"{paid}?tab=payment", "task without payment": f"{healed}?tab=payment", "task recovery": f"{failed}?tab=recovery",
            "task failed": failed, "task failed timeline": f"{failed}?tab=timeline", "task running": running, "task held": held, "task held attempts": f"{held}?tab=attempts",
            "no such task": "/tasks/01a00000-0000-7000-8000-000000000000", "nowhere": "/nowhere",
        }


def tell(api: Api) -> Story:
    def agent(name: str, *answers: JSON | int, **members: object) -> Agent:
        return api.agent(*answers, id=f"story-{name}", **members)

    steady, flaky, picky = agent("steady", capabilities=["report.render"]), agent("flaky", 503, 503, ok(sent=True), breaker=CALM), agent("picky", {"status": 422, "body": {"error": "the card has expired"}})
    slow, late = agent("slow", {"status": 202}), agent("late", 503, breaker=CALM)
    outage = agent("outage", 503, breaker={"consecutive_failures": 2, "open_ms": 300_000}, max_concurrency=1)
    plain = api.run(steady, type="report.render", input=INPUT, metadata={"customer": "42", "region": "eu"})
    healed = api.run(flaky, type="mail.send", input=INPUT, retry_policy=FAST | {"base_delay_ms": 400}, metadata={"customer": "42"})
    failed = api.run(picky, "failed", type="address.check", input=INPUT)
    paid = api.run(picky, "failed", type="payment.capture", input={"card": "expired", "cents": 25000}, payment=PAYMENT, metadata={"customer": "42"})
    running = api.task(slow, type="image.resize", timeout_ms=3_600_000, input={"width": 9000})
    api.report(slow.called(1, running)[0], "progress", {"percent": 40, "message": "rendering page 40"})
    retrying = api.task(late, type="parcel.notify", retry_policy={"base_delay_ms": 3_600_000, "max_delay_ms": 3_600_000, "jitter": 0})
    api.until_told(retrying, "task_retried")
    api.task(outage, type="parcel.notify", retry_policy=FAST)
    held = api.task(outage, type="parcel.notify", retry_policy=FAST)
    eventually(lambda: (api.breaker("story-outage") or {}).get("state") == "open", "the breaker opens")
    api.wait(held, "pending", status_reason="breaker_open")
    scheduled = api.task(steady, type="report.render", delay_ms=3_600_000)
    cancelled = api.task(steady, type="report.render", delay_ms=3_600_000)
    api.post(f"/tasks/{cancelled['id']}/cancel", {"reason": "not needed any more"})
    return Story(api, healed, plain, failed, paid, running, retrying, held, scheduled, cancelled, api.entry(paid))
