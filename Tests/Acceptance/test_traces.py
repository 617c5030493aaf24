"""Traces as a collector gets them, decoded by OpenTelemetry's own messages; and a collector that misbehaves."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from harness import BINARY, Api, JSON, at_least, eventually, ok
from receivers import Answer, HTTPReceiver

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOW = {"OTEL_BSP_SCHEDULE_DELAY": "50"}


def request_of(body: bytes, kind: str) -> ExportTraceServiceRequest:
    if kind == "application/x-protobuf":
        return ExportTraceServiceRequest.FromString(body)
    document: JSON = json.loads(body)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for holder in [span, *span["links"]]:  # OTLP has hexadecimal where protobuf's JSON has base64
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in holder:
                            holder[name] = base64.b64encode(bytes.fromhex(holder[name])).decode()
    return Parse(json.dumps(document), ExportTraceServiceRequest())


class Collector:
    """What came to `/v1/traces`."""

    def __init__(self) -> None:
        self.http = HTTPReceiver()

    def requests(self) -> list[ExportTraceServiceRequest]:
        return [request_of(one.raw, one.headers["content-type"]) for one in self.http.inbox.all() if one.path == "/v1/traces"]

    def spans(self) -> list[Span]:
        return [span for request in self.requests() for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]

    def close(self) -> None:
        self.http.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with closing(Collector()) as it:
        yield it


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_a_task_is_one_trace_from_its_submitter_to_its_agent(serve: Callable[..., Api], collector: Collector, protocol: str) -> None:
    api = serve(OTEL_EXPORTER_OTLP_ENDPOINT=collector.http.url, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, OTEL_SERVICE_NAME="payments",
                OTEL_RESOURCE_ATTRIBUTES="team=night%20shift", OTEL_EXPORTER_OTLP_HEADERS="x-tenant=acme", **NOW)
    agent = api.agent(503, ok())
    task = api.wait(api.task(agent, type="demo", headers={"traceparent": PARENT}, retry_policy={"base_delay_ms": 10}), "completed")
    spans = at_least(6, collector.spans, lambda: str(collector.spans()))
    by_name: dict[str, list[Span]] = {}
    for span in spans:
        by_name.setdefault(span.name, []).append(span)
    assert sorted(by_name) == ["POST", "attempt 1", "attempt 2", "process demo", "send demo"] and len(spans) == 6
    assert {span.trace_id.hex() for span in spans} == {PARENT.split("-")[1]} and len({span.span_id for span in spans}) == 6
    (send,), (process,), calls = by_name["send demo"], by_name["process demo"], by_name["POST"]
    assert send.parent_span_id.hex() == PARENT.split("-")[2] and send.kind == Span.SPAN_KIND_PRODUCER
    assert process.parent_span_id == send.span_id and process.kind == Span.SPAN_KIND_CONSUMER
    assert [link.span_id for link in process.links] == [send.span_id] and attributes(process)["messaging.message.id"] == task["id"]
    first, second = by_name["attempt 1"][0], by_name["attempt 2"][0]
    assert first.parent_span_id == second.parent_span_id == process.span_id and first.kind == Span.SPAN_KIND_INTERNAL
    assert {span.parent_span_id for span in calls} == {first.span_id, second.span_id} and {span.kind for span in calls} == {Span.SPAN_KIND_CLIENT}
    assert {attributes(span)["http.response.status_code"] for span in calls} == {503, 200}
    assert [call["headers"]["traceparent"].split("-")[2] for call in agent.calls()] == [
        next(span.span_id.hex() for span in calls if span.parent_span_id == one.span_id) for one in (first, second)]
    # The retry saved it: only the attempt is in error.
    assert first.status.code == 2 and attributes(first)["error.type"] and not process.status.code and not second.status.code
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
    request = collector.requests()[0]
    known = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert known["service.name"] == "payments" and known["team"] == "night shift" and known["service.version"]
    assert collector.http.inbox.all()[0].headers["x-tenant"] == "acme"


def test_a_task_that_failed_is_in_error_and_a_trace_of_its_own(serve: Callable[..., Api], collector: Collector) -> None:
    api = serve(OTEL_EXPORTER_OTLP_ENDPOINT=collector.http.url, **NOW)
    agent = api.agent(422)
    task = api.wait(api.task(agent, type="demo"), "failed")
    at_least(4, collector.spans, lambda: str(collector.spans()))
    (process,) = [span for span in collector.spans() if span.name == "process demo"]
    assert process.status.code == 2 and attributes(process)["error.type"] == "validation_error"
    assert process.trace_id.hex() == task["id"].replace("-", "")
    assert agent.calls()[0]["headers"]["traceparent"].split("-")[1] == process.trace_id.hex()


def test_a_collector_that_is_busy_is_asked_again(serve: Callable[..., Api], collector: Collector) -> None:
    collector.http.script(Answer(503), Answer(429), Answer(200))
    api = serve(OTEL_EXPORTER_OTLP_ENDPOINT=collector.http.url, **NOW)
    api.wait(api.task(api.agent(ok())), "completed")
    eventually(lambda: len(collector.requests()) >= 3, lambda: str(len(collector.requests())), timeout=30)
    bodies = [one.raw for one in collector.http.inbox.all()][:3]
    assert bodies[0] == bodies[1] == bodies[2]


def test_no_collector_no_harm(serve: Callable[..., Api]) -> None:
    api = serve(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_BSP_MAX_QUEUE_SIZE="10", **NOW)
    agent = api.agent()
    for task in [api.task(agent) for _ in range(50)]:
        api.wait(task, "completed")
    assert api.server.terminate() == 0


def test_nothing_is_sent_when_nobody_asked(serve: Callable[..., Api], collector: Collector) -> None:
    for off in ({"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_TRACES_SAMPLER": "parentbased_always_off"}):
        api = serve(OTEL_EXPORTER_OTLP_ENDPOINT=collector.http.url, **NOW, **off)
        api.wait(api.task(api.agent()), "completed")
        assert api.server.terminate() == 0 and not collector.requests(), off


def test_accepted_work_outlives_its_call_and_what_is_cancelled_has_an_end(serve: Callable[..., Api], collector: Collector) -> None:
    api = serve(OTEL_EXPORTER_OTLP_ENDPOINT=collector.http.url, **NOW)
    slow, stuck = api.agent(202), api.agent({"wait": 30})
    api.call("PATCH", f"/agents/{slow.id}", {"callback_url": api.hell.url + slow.path + "?token=hush"}, expect=200)
    task = api.task(slow, type="accepted")
    (call,) = slow.called(1)
    api.until_told(task, "attempt_accepted")
    api.report(call, "complete", {"output": 1})
    api.wait(task, "completed")
    other = api.task(stuck, type="cancelled")
    stuck.called(1)
    api.post(f"/tasks/{other['id']}/cancel", {}, expect=202)
    spans = at_least(8, collector.spans, lambda: str(collector.spans()))
    first, second = ([span for span in spans if span.trace_id.hex() == one["id"].replace("-", "")] for one in (task, other))
    assert sorted(span.name for span in first) == ["POST", "attempt 1", "process accepted", "send accepted"]
    (post,), (attempt,) = ([span for span in first if span.name == name] for name in ("POST", "attempt 1"))
    assert attributes(post)["http.response.status_code"] == 202 and not post.status.code and not attempt.status.code
    assert post.end_time_unix_nano <= attempt.end_time_unix_nano and post.parent_span_id == attempt.span_id
    assert attributes(post)["url.full"].endswith(slow.path) and b"hush" not in b"".join(one.raw for one in collector.http.inbox.all())
    (attempt,) = [span for span in second if span.name == "attempt 1"]
    assert attempt.status.code == 2 and attributes(attempt)["kintsugi.attempt.outcome"] == "cancelled"
    (process,) = [span for span in second if span.name == "process cancelled"]
    assert not process.status.code and attributes(process)["kintsugi.outcome"] == "cancelled"


def test_credentials_of_a_collector_stand_in_no_message(tmp_path: Path) -> None:
    done = subprocess.run(
        [BINARY, "serve", "--data", tmp_path / "data", "--port", "0"], capture_output=True, text=True, timeout=30,
        env={"HOME": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_HEADERS": "api-key: hush"})
    assert done.returncode == 64 and "OTEL_EXPORTER_OTLP_HEADERS" in done.stderr and "hush" not in done.stdout + done.stderr
