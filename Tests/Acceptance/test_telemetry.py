"""Metrics as Prometheus reads them: its own checker, its own parsers, and a server of its own that scrapes ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families
from prometheus_client.samples import Sample

from harness import ADMIN_KEY, CALM, STAMP, Api, eventually, ok
from receivers import Prometheus

OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def scrape(api: Api, accept: str = "text/plain", **headers: str) -> requests.Response:
    answer = requests.get(api.server.url + "/metrics", headers={"Accept": accept} | headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer


def samples(api: Api) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {(one.name, frozenset(one.labels.items())): one.value for family in families(scrape(api).text) for one in family.samples}


def value(api: Api, name: str, **labels: str) -> float:
    return sum(number for (known, pairs), number in samples(api).items() if known == name and set(labels.items()) <= pairs)


def some_work(api: Api) -> None:
    """Two that are done, one of them after a retry, and one that fails."""
    good, flaky, bad = api.agent(ok()), api.agent(503, ok()), api.agent(*[422] * 3, breaker=CALM)
    policy = {"base_delay_ms": 10, "max_attempts": 2}
    tasks = [api.task(good, type="metrics.good", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}), api.task(flaky, type="metrics.flaky", retry_policy=policy)]
    for task in tasks:
        api.wait(task, "completed")
    api.wait(api.task(bad, type="metrics.bad", retry_policy=policy), "failed")
    eventually(lambda: value(api, "agrenting_task_failed_total", type="metrics.bad") == 1, lambda: scrape(api).text)


def test_the_series_that_boards_rely_on(serve: Callable[..., Api]) -> None:
    api = serve()
    some_work(api)
    for name, kind, count in [("started", "good", 1), ("completed", "good", 1), ("completed", "flaky", 1), ("retry", "flaky", 1), ("failed", "bad", 1)]:
        assert value(api, f"agrenting_task_{name}_total", type=f"metrics.{kind}") == count, (name, kind)
    assert value(api, "agrenting_task_failed_total", reason="permanent_error") == 1
    assert value(api, "agrenting_task_duration_seconds_count", type="metrics.good", outcome="completed") == 1
    assert value(api, "kintsugi_attempts_total", outcome="failed", error_type="validation_error") == 1
    assert value(api, "kintsugi_tasks", status="completed") == 2 and value(api, "kintsugi_dead_letters", status="pending") == 1
    assert value(api, "kintsugi_alert_tasks_total") == 1 and value(api, "kintsugi_build_info") == 1
    assert value(api, "kintsugi_store_append_seconds_count") > 5 and value(api, "process_resident_memory_bytes") > 1e6
    assert value(api, "kintsugi_circuit_breaker_state", state="closed") == 3 and value(api, "kintsugi_telemetry_dropped_total") == 0


def test_promtool_finds_nothing_to_say(serve: Callable[..., Api]) -> None:
    api = serve()
    some_work(api)
    done = subprocess.run(["promtool", "check", "metrics"], input=scrape(api).content, capture_output=True, timeout=30)
    assert done.returncode == 0 and not done.stdout + done.stderr, (done.stdout + done.stderr).decode()


def test_openmetrics_with_examples(serve: Callable[..., Api]) -> None:
    api = serve()
    some_work(api)
    answer = scrape(api, OPEN)
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    found: list[Sample] = [one for family in open_families(answer.text) for one in family.samples]
    traces = {one.exemplar.labels["trace_id"] for one in found if one.exemplar}
    assert traces == {TRACE}
    assert {one.name for one in found if one.exemplar} >= {"agrenting_task_duration_seconds_bucket", "kintsugi_attempt_duration_seconds_bucket"}
    plain = scrape(api)
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8" and TRACE not in plain.text
    assert {family.name for family in open_families(answer.text)} == {family.name for family in families(plain.text)}


def test_names_that_anybody_can_choose_do_not_blow_it_up(serve: Callable[..., Api]) -> None:
    api = serve()
    for block in range(0, 10_000, 1000):
        api.post("/tasks/batch", {"tasks": [{"type": f"type.{block + n}"} for n in range(1000)]}, expect=201)
    eventually(lambda: value(api, "agrenting_task_failed_total") == 10_000, lambda: str(value(api, "agrenting_task_failed_total")), timeout=120)
    assert value(api, "agrenting_task_failed_total", type="other") == 9900
    types = {dict(pairs).get("type") for _, pairs in samples(api)} - {None}
    assert len(types) == 101 and len(samples(api)) < 8000


def test_a_key_is_needed_where_others_can_reach_it(serve: Callable[..., Api]) -> None:
    behind = serve(KINTSUGI_PUBLIC_URL="https://kintsugi.example")
    assert requests.get(behind.server.url + "/metrics", timeout=10).status_code == 401, "a proxy may stand before it"
    api = serve(KINTSUGI_HOST="0.0.0.0")
    assert requests.get(api.server.url + "/metrics", timeout=10).status_code == 401
    key = api.post("/api-keys", {"name": "prometheus", "role": "viewer", "user_id": "prometheus"}, expect=201)["key"]
    for good in (key, ADMIN_KEY):
        assert "kintsugi_build_info" in scrape(api, Authorization=f"Bearer {good}").text


def test_the_root_name_is_the_users_choice(serve: Callable[..., Api]) -> None:
    api = serve(KINTSUGI_TELEMETRY_ROOT="acme")
    api.wait(api.task(api.agent(ok())), "completed")
    eventually(lambda: value(api, "acme_task_completed_total") == 1, lambda: scrape(api).text)
    assert "agrenting_" not in scrape(api).text


def test_a_real_prometheus_scrapes_it(serve: Callable[..., Api], tmp_path: Path) -> None:
    api = serve()
    with closing(Prometheus(tmp_path, api.server.port)) as prometheus:
        some_work(api)
        eventually(lambda: prometheus.query("sum(agrenting_task_completed_total)") == 2, lambda: str(prometheus.targets()), timeout=60)
        assert prometheus.query("up") == 1
        assert prometheus.query("histogram_quantile(0.99, sum by (le) (agrenting_task_duration_seconds_bucket))") > 0
        assert prometheus.query('kintsugi_dead_letters{status="pending"}') == 1


def test_the_log_is_json_with_the_ids_by_which_things_are_found(serve: Callable[..., Api]) -> None:
    api = serve(KINTSUGI_LOG_FORMAT="json", KINTSUGI_LOG_LEVEL="debug")
    some_work(api)
    assert api.server.terminate() == 0
    lines = [json.loads(line) for line in api.server.log.read_text().splitlines()]
    assert all(STAMP.match(line["time"]) and line["level"] and line["message"] and line["logger"] for line in lines)
    assert any(line["message"] == "Kintsugi is ready" and line["url"] == api.server.url for line in lines)
    attempts = [line for line in lines if line["message"] == "An attempt is over"]
    assert len(attempts) == 4 and all(line["task.id"] and line["attempt"] and line["agent.id"] for line in attempts)
    assert [line["trace_id"] for line in attempts if line["task.type"] == "metrics.good"] == [TRACE]
    (failed,) = [line for line in lines if line["message"] == "A task failed"]
    assert failed["task.type"] == "metrics.bad" and failed["error.type"] == "validation_error" and failed["level"] == "notice"
