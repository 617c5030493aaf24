"""What Slack, PagerDuty, Alertmanager and a webhook's receiver take, as JSON Schemas made from their documentation."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

JSON = dict[str, Any]


def faults(schema: JSON, value: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:300]}" for error in Draft202012Validator(schema).iter_errors(value)]


def _object(required: str, properties: JSON, **more: Any) -> JSON:
    return {"type": "object", "required": required.split(), "properties": properties, "additionalProperties": False} | more


def _text(limit: int) -> JSON:
    return {"type": "string", "minLength": 1, "maxLength": limit}


TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
URL = {"type": "string", "pattern": r"^https?://[\x21-\x7e]+$", "maxLength": 3000}


def _slack_text(limit: int, *kinds: str) -> JSON:
    # An ampersand that begins none of the three entities, or an angle bracket, was not escaped.
    return _object("type text", {
        "type": {"enum": list(kinds or ("plain_text",))},
        "text": _text(limit) | {"not": {"pattern": "[<>]|&(?!(amp|lt|gt);)"}},
        "emoji": {"type": "boolean"}, "verbatim": {"type": "boolean"},
    })


# https://docs.slack.dev/reference/block-kit/blocks
SLACK = _object("text blocks", {
    "text": _text(40_000) | {"not": {"pattern": "[<>]|&(?!(amp|lt|gt);)"}},
    "unfurl_links": {"type": "boolean"},
    "blocks": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"oneOf": [
        _object("type text", {"type": {"const": "header"}, "text": _slack_text(150)}),
        _object("type", {
            "type": {"const": "section"}, "text": _slack_text(3000, "plain_text", "mrkdwn"),
            "fields": {"type": "array", "minItems": 1, "maxItems": 10, "items": _slack_text(2000, "plain_text", "mrkdwn")},
        }, anyOf=[{"required": ["text"]}, {"required": ["fields"]}]),
        _object("type elements", {"type": {"const": "context"}, "elements": {
            "type": "array", "minItems": 1, "maxItems": 10, "items": _slack_text(2000, "plain_text", "mrkdwn")}}),
        _object("type elements", {"type": {"const": "actions"}, "elements": {
            "type": "array", "minItems": 1, "maxItems": 25, "items": _object("type text url", {
                "type": {"const": "button"}, "text": _slack_text(75), "url": URL})}}),
    ]}},
})

# https://developer.pagerduty.com/docs/send-alert-event
PAGERDUTY = _object("routing_key event_action dedup_key", {
    "routing_key": {"type": "string", "pattern": "^[0-9a-zA-Z]{32}$"},
    "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
    "dedup_key": _text(255),
    "client": _text(1024), "client_url": URL,
    "links": {"type": "array", "items": _object("href text", {"href": URL, "text": _text(1024)})},
    "payload": _object("summary source severity", {
        "summary": _text(1024), "source": _text(1024), "severity": {"enum": ["critical", "error", "warning", "info"]},
        "timestamp": TIME, "component": {"type": ["string", "null"]}, "group": {"type": ["string", "null"]},
        "class": {"type": ["string", "null"]}, "custom_details": {"type": "object"},
    }),
}, **{"if": {"properties": {"event_action": {"const": "trigger"}}}, "then": {"required": ["payload"]}})

# https://github.com/prometheus/alertmanager/blob/v0.25.0/api/v2/openapi.yaml
ALERTMANAGER = {"type": "array", "minItems": 1, "items": _object("labels", {
    "labels": {"type": "object", "required": ["alertname"], "propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
               "additionalProperties": _text(1000)},
    "annotations": {"type": "object", "propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
                    "additionalProperties": {"type": "string"}},
    "startsAt": TIME, "endsAt": TIME, "generatorURL": URL,
})}

# api.md, "Alerts"
WEBHOOK = {"type": "object", "required": ["type", "timestamp", "data"], "properties": {
    "type": {"enum": ["alert.raised", "alert.resolved", "alert.test", "alert.digest"]}, "timestamp": TIME,
    "data": {"type": "object", "required": ["id", "severity", "status", "title", "task_ids", "count", "value", "url"],
             "properties": {"task_ids": {"type": "array", "maxItems": 20},
                            "severity": {"enum": ["critical", "high", "medium"]},
                            "status": {"enum": ["firing", "acknowledged", "resolved"]}}},
}}
