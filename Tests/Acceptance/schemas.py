"""Checks answers against the OpenAPI document that the server serves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

JSON = dict[str, Any]
SHOWN_ONCE = {"secret", "key"}  # members that answers after the first do not have
DOCUMENT = "urn:openapi"


@dataclass
class Schemas:
    document: JSON
    paths: list[tuple[re.Pattern[str], str]]

    def __post_init__(self) -> None:
        contents = Resource(contents=self.document, specification=DRAFT202012)
        self.registry = Registry().with_resource(DOCUMENT, contents).crawl()
        self.validators: dict[int, Draft202012Validator] = {}

    @classmethod
    def of(cls, url: str) -> Schemas:
        response = requests.get(url + "/openapi.json", timeout=10)
        assert response.status_code == 200, f"/openapi.json: {response.status_code}"
        document = response.json()
        prefixes = {urlsplit(server["url"]).path.rstrip("/") for server in document.get("servers", [])} or {""}
        literal_first = sorted(document["paths"], key=lambda path: path.count("{"))
        return cls(document, [
            (re.compile("^" + prefix + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$"), path)
            for path in literal_first for prefix in prefixes])

    def operation(self, method: str, target: str) -> tuple[str, JSON] | None:
        for pattern, path in self.paths:
            if pattern.match(target):
                operation = self.document["paths"][path].get(method.lower())
                return (path, operation) if operation else None
        return None

    def faults(self, method: str, target: str, response: requests.Response) -> list[str]:
        """What is wrong with an answer; an operation that is not documented is not judged."""
        found = self.operation(method, target)
        if found is None:
            return []
        status, answers = response.status_code, found[1]["responses"]
        answer = answers.get(str(status)) or answers.get(f"{status // 100}XX") or answers.get("default")
        if answer is None:
            return [f"{method} {found[0]} does not document {status}"] if status < 300 else []
        kind = response.headers.get("Content-Type", "").split(";")[0]
        schema = self._resolved(answer).get("content", {}).get(kind, {}).get("schema")
        if schema is None or not kind.endswith("json") or not response.content:
            return []
        value = response.json()
        faults = [f"{error.json_path}: {error.message[:300]}" for error in self._validator(schema).iter_errors(value)]
        return faults or ([] if kind != "application/json" else self._left_out(schema, value, "$"))

    def _validator(self, schema: Any) -> Draft202012Validator:
        """Made once a schema: answers are many."""
        if id(schema) not in self.validators:
            self.validators[id(schema)] = Draft202012Validator(self._absolute(schema), registry=self.registry)
        return self.validators[id(schema)]

    def _resolved(self, node: JSON) -> JSON:
        while reference := node.get("$ref"):
            node = self.document
            for step in reference.removeprefix("#/").split("/"):
                node = node[step.replace("~1", "/").replace("~0", "~")]
        return node

    def _absolute(self, schema: Any) -> Any:
        """The schema with references that hold outside the document."""
        if isinstance(schema, dict):
            return {key: DOCUMENT + quote(value, safe="#/~") if key == "$ref" and isinstance(value, str)
                    else self._absolute(value) for key, value in schema.items()}
        return [self._absolute(item) for item in schema] if isinstance(schema, list) else schema

    def _left_out(self, schema: Any, value: Any, at: str) -> list[str]:
        """Members that the schema names and the answer leaves out: without a value they have to be null."""
        if not isinstance(schema, dict):
            return []
        schema = self._resolved(schema)
        faults: list[str] = []
        for part in schema.get("allOf", []):
            faults += self._left_out(part, value, at)
        for choice in schema.get("oneOf", []) + schema.get("anyOf", []):
            if self._validator(choice).is_valid(value):
                faults += self._left_out(choice, value, at)
                break
        if isinstance(value, list):
            for n, item in enumerate(value):
                faults += self._left_out(schema.get("items"), item, f"{at}[{n}]")
        if isinstance(value, dict):
            for name, member in schema.get("properties", {}).items():
                if name in value:
                    # An event's data is a shape of its own; inputs, outputs and metadata belong to the user.
                    if name not in ("data", "input", "output", "metadata") or isinstance(value[name], list):
                        faults += self._left_out(member, value[name], f"{at}.{name}")
                elif name not in SHOWN_ONCE:
                    faults.append(f"{at}.{name} is left out instead of null")
        return faults
