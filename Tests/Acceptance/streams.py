"""A client of server-sent events of our own, over a bare socket, so that it can read as slowly as a test wants."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from harness import Api, JSON


@dataclass(frozen=True)
class Event:
    id: str
    type: str
    data: JSON

    @property
    def position(self) -> int:
        return int(self.id.rpartition(".")[2])


@dataclass
class Parser:
    """Bytes to events, after the HTML standard; keeps comments and the retry time too."""

    events: list[Event] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    last_id: str = ""
    retry: int | None = None
    rest: bytes = b""
    kind: str = ""
    data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> None:
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            self.line(line.decode())

    def line(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if self.data:
                self.events.append(Event(self.last_id, self.kind or "message", json.loads("\n".join(self.data))))
            self.kind, self.data = "", []
        elif name == "":
            self.comments.append(value)
        elif name == "id":
            self.last_id = value
        elif name == "event":
            self.kind = value
        elif name == "data":
            self.data.append(value)
        elif name == "retry":
            self.retry = int(value)


class Stream:
    """One open stream. A thread reads it unless it is `paused`; `until` waits for what has come."""

    def __init__(self, api: Api, *topics: str, after: str | None = None, last_event_id: str | None = None,
                 paused: bool = False, receive_buffer: int | None = None, cookie: str | None = None) -> None:
        self.parser, self.ended, self.changed = Parser(), False, threading.Condition()
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", api.server.port))
        target = "/api/v1/stream?topics=" + quote(",".join(topics), safe=":,") + (f"&after={after}" if after else "")
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", f"Cookie: {cookie}" if cookie else f"Authorization: Bearer {api.key}"]
        lines += [f"Last-Event-ID: {last_event_id}"] if last_event_id else []
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.socket.recv(1)
            if not more:
                raise ConnectionError("no answer")
            head += more
        status, *fields = head.decode().split("\r\n")
        assert status.startswith("HTTP/1.1 200"), head
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in fields) if name}
        self.raw = b""
        self.thread = threading.Thread(target=self._read, daemon=True)
        if not paused:
            self.thread.start()

    def resume(self) -> None:
        self.thread.start()

    def _read(self) -> None:
        try:
            while chunk := self.socket.recv(65536):
                self.raw += chunk
                with self.changed:
                    self._unchunk()
                    self.changed.notify_all()
        except OSError:
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _unchunk(self) -> None:
        """Takes whole chunks of the transfer encoding off `raw`."""
        while b"\r\n" in self.raw:
            size, _, rest = self.raw.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self.parser.feed(rest[:length])
            self.raw = rest[length + 2:]
            if length == 0:
                self.clean = True

    clean = False  # whether the server has ended the body as it should

    @property
    def events(self) -> list[Event]:
        with self.changed:
            return list(self.parser.events)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def until(self, there: Callable[[list[Event]], Any], what: str, timeout: float = 30) -> list[Event]:
        with self.changed:
            assert self.changed.wait_for(lambda: there(self.parser.events), timeout), (
                f"not within {timeout} s: {what}; {[event.type for event in self.parser.events][-20:]}")
            return list(self.parser.events)

    def until_open(self) -> Stream:
        with self.changed:
            assert self.changed.wait_for(lambda: self.parser.last_id, 20), "the stream says where it is"
        return self

    def until_ended(self, timeout: float = 20) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.ended or self.clean, timeout), "the stream ends"

    def close(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
