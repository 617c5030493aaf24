"""A server on which everything has happened once: what the screens are looked at with."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness import CALM, JSON, Agent, Api, eventually, ok, stamp

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
    chained: JSON
    asked: JSON
    chain: JSON
    channel: JSON
    bulk: JSON
    agents: dict[str, Agent] = field(default_factory=dict)

    def places(self) -> dict[str, str]:
        """Every screen by name, as a full server has it."""
        healed, failed, paid, running, held, chained, asked = (f"/tasks/{one['id']}" for one in (self.healed, self.failed, self.paid, self.running, self.held, self.chained, self.asked))
        return {
            "overview": "/", "overview of a week": "/?range=7d", "tasks": "/tasks", "tasks filtered": "/tasks?q=status%3Afailed", "tasks with a fault": "/tasks?q=colour%3Ared",
            "tasks with none": "/tasks?q=type%3Anone", "tasks with a panel": f"/tasks?task={self.failed['id']}", "dead letters": "/dead-letters",
            "dead letters one by one": "/dead-letters?view=entries", "dead letter beside": f"/dead-letters?view=entries&entry={self.entry['id']}",
            "dead letter": f"/dead-letters/{self.entry['id']}", "bulk acts": "/dead-letters?view=bulk", "bulk act beside": f"/dead-letters?bulk={self.bulk['id']}", "breakers": "/breakers",
            "recovery": "/recovery", "recovery of an error": "/recovery?error=server_error", "chain": f"/recovery/{self.chain['id']}", "new chain": "/recovery/new?error=timeout&steps=retry,escalate,compensate",
            "alerts": "/alerts", "alerts taken on": "/alerts?status=acknowledged", "alert beside": f"/alerts?alert={(self.entry.get('alert') or self.entry)['id']}", "channels": "/alerts?view=channels",
            "deliveries": f"/alerts?view=channels&channel={self.channel['id']}", "silences": "/alerts?view=silences", "agents": "/agents",
            "agent beside": "/agents?agent=story-flaky", "agent": "/agents/story-flaky", "live tail": "/live",
            "live tail with an event": f"/live?task={self.healed['id']}&seq=3", "settings": "/settings", **{f"settings, {one}": f"/settings?section={one}" for one in SECTIONS},
            "task": healed, "task timeline": f"{healed}?tab=timeline", "task event": f"{healed}?tab=timeline&event=4", "task attempts": f"{healed}?tab=attempts",
            "task payload": f"{healed}?tab=payload", "task payment": f"{paid}?tab=payment", "task without payment": f"{healed}?tab=payment", "task recovery": f"{failed}?tab=recovery",
            "task mended by a chain": f"{chained}?tab=recovery", "task that asks": f"{asked}?tab=recovery", "task that asks, its timeline": f"{asked}?tab=timeline", "task failed": failed, "task failed timeline": f"{failed}?tab=timeline", "task running": running, "task held": held, "task held attempts": f"{held}?tab=attempts",
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
    return Story(api, healed, plain, failed, paid, running, retrying, held, scheduled, cancelled, api.entry(paid), *recovered(api, steady))


def recovered(api: Api, steady: Agent) -> tuple[JSON, JSON, JSON, JSON, JSON]:
    """What chains, channels and bulk operations have done."""
    broken = api.agent({"status": 400, "body": {"error": "not today"}}, id="story-broken", breaker=CALM)
    chain = api.post("/recovery/fallback-chain", {"name": "story: another agent", "match": {"task_type": "story.chained"}, "steps": [
        {"strategy": "modify_input", "patch": {"mode": "safe"}}, {"strategy": "switch_agent", "agent_id": steady.id}]}, expect=201)
    asking = api.post("/recovery/fallback-chain", {"name": "story: a person", "enabled": True, "match": {"task_type": "story.asked"}, "steps": [
        {"strategy": "escalate", "message": "Is the account still open?", "timeout_ms": 3_600_000, "then": "fail"}]}, expect=201)
    api.post("/recovery/fallback-chain", {"name": "story: switched off", "enabled": False, "steps": [{"strategy": "use_output", "output": {"skipped": True}}]}, expect=201)
    chained = api.run(broken, type="story.chained", input=INPUT)
    asked = api.wait(api.task(broken, type="story.asked", payment=PAYMENT, fallback_chain_id=asking["id"]), "waiting")
    for _ in range(3):
        api.run(broken, "failed", type="story.many")
    bulk = api.post("/failed-tasks/bulk", {"action": "resolve", "filter": {"task_type": "story.many"}, "note": "by the story"}, expect=202)
    channel = api.post("/alert-channels", {"kind": "log", "name": "story: the log", "config": {}, "quiet_hours": {"from": "22:00", "to": "07:00", "utc_offset_minutes": 60, "min_severity": "critical"}}, expect=201)
    api.post(f"/alert-channels/{channel['id']}/test", expect=202)
    api.post("/alert-silences", {"match": {"agent_id": "story-late", "max_severity": "high"}, "ends_at": stamp(3600), "comment": "until the story is told"}, expect=201)
    return chained, asked, chain, channel, bulk


def failures(api: Api, number: int) -> tuple[str, list[str]]:
    """So many failed tasks of a type of their own, whose agent is well by now."""
    kind = api.name("bulk").replace("-", ".")
    agent = api.agent({"status": 400}, max_concurrency=64)
    ids: list[str] = []
    for start in range(0, number, 1000):
        tasks = [{"type": kind, "agent_id": agent.id} for _ in range(min(1000, number - start))]
        ids += [task["id"] for task in api.post("/tasks/batch", {"tasks": tasks}, expect=201)["data"]]
    eventually(lambda: len(api.pages("/failed-tasks", task_type=kind, status="pending")) == number, "all have failed", timeout=30 + number / 20)
    agent.script(ok())
    return kind, ids


def completed(api: Api, kind: str) -> int:
    return len(api.pages("/tasks", type=kind, status="completed"))
