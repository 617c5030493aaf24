"""What is shipped to be deployed: checked by the tools it is for, and asked of a real Prometheus that scrapes a loaded server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from harness import CALM, JSON, Api, eventually, ok
from receivers import Prometheus

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "kintsugi.rules.yml"


def tool(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_are_valid_and_fire_when_they_must() -> None:
    assert "SUCCESS" in tool("promtool", "check", "rules", RULES)
    assert "SUCCESS" in tool("promtool", "test", "rules", RULES.with_name("kintsugi.rules.test.yml"))
    tool("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.example.yml")


def test_every_rule_has_tests_and_a_runbook() -> None:
    rules, tests = RULES.read_text(), RULES.with_name("kintsugi.rules.test.yml").read_text()
    runbooks = {line.removeprefix("## ") for line in (ROOT / "docs" / "runbooks.md").read_text().splitlines() if line.startswith("## ")}
    names = re.findall(r"alert: (\w+)", rules)
    assert len(names) > 8 and set(names) == runbooks
    for name in names:
        assert tests.count(f"alertname: {name}\n") >= 2 and f"docs/runbooks.md#{name.lower()}" in rules


def boards() -> dict[str, JSON]:
    return {file.stem: json.loads(file.read_text()) for file in sorted(DEPLOY.glob("grafana/*.json"))}


def test_boards_are_whole() -> None:
    assert len(boards()) == 3 and len({board["uid"] for board in boards().values()}) == 3
    for board in boards().values():
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) and board["templating"]["list"][0]["type"] == "datasource"
        assert all(panel["title"] and panel["targets"] and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_every_panel_is_answered(serve: Callable[..., Api], tmp_path: Path) -> None:
    api = serve()
    with closing(Prometheus(tmp_path, api.server.port, rules=str(RULES))) as prometheus:
        good, flaky, bad = api.agent(ok()), api.agent(503, ok()), api.agent(*[422] * 50, breaker=CALM)
        for round in range(6):
            for agent in (good, flaky, bad):
                flaky.script(503, ok())
                api.post("/tasks", {"type": "deploy", "agent_id": agent.id, "retry_policy": {"base_delay_ms": 10}}, expect=201)
            eventually(lambda: (prometheus.query("sum(agrenting_task_failed_total)") or 0) == round + 1, lambda: str(prometheus.targets()), timeout=30)
        api.call("POST", f"/circuit-breakers/{good.id}/open", {"reason": "test"}, expect=(200, 202))
        api.post("/tasks", {"type": "deploy", "agent_id": good.id}, expect=201)
        eventually(lambda: prometheus.query('sum(kintsugi_circuit_breaker_state{state="open"})') == 1, "the breaker is seen open", 30)
        later = api.post("/tasks", {"type": "deploy", "agent_id": flaky.id, "run_at": "2099-01-01T00:00:00Z"}, expect=201)
        api.post(f"/tasks/{later['id']}/cancel", {}, expect=202)

        def silent() -> list[tuple[str, str]]:
            return [(name, target["expr"]) for name, board in boards().items() for panel in board["panels"] for target in panel["targets"]
                    if not prometheus.answers(target["expr"].replace("$__rate_interval", "1m"))]

        eventually(lambda: not silent(), lambda: str(silent()), 30)
        assert prometheus.rules() == len(re.findall(r"alert: (\w+)", RULES.read_text()))
