"""Agents from hell: one HTTP server whose answers are scripted per path, down to the bytes on the wire.

    python3 agents.py --port 0          prints its port, then serves until it is killed

POST /_script {path, answers: [...], seed?}   answers are used one a call, the last one for ever;
                                              with a seed each call draws one of them
GET  /_calls?path=                            what was received, in order, and what became of it

An answer is an object; all members are optional:
    do       "answer" (default) or one of the misbehaviours in `BEHAVIOURS`
    status   200        body     any JSON value    raw   text sent as it is (instead of body)
    encoding how lone surrogates in `raw` are sent ("surrogateescape": as the bytes that they stand for)
    headers  {name: value}; the value "@date+N" becomes the HTTP date N seconds from now
    wait     seconds before the first byte (ends early, `aborted: true`, when the caller hangs up)
    reports  [{do: progress|complete|fail, body, after?, times?, token?}], told in a thread, one after the other
    reports_first   true: tell the reports before answering instead
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import socket
import socketserver
import struct
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

Answer = dict[str, Any]
HUGE_BYTES = (1 << 20) + 1024


@dataclass
class Script:
    answers: list[Answer]
    seed: int | None = None
    used: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def next(self) -> Answer:
        if self.seed is not None:
            return self.rng.choice(self.answers)
        answer = self.answers[min(self.used, len(self.answers) - 1)]
        self.used += 1
        return answer


@dataclass
class Book:
    """Scripts and calls; every access holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    scripts: dict[str, Script] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)


BOOK = Book()


class Agent(socketserver.BaseRequestHandler):
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = self.request.makefile("rb")
        try:
            while self._one(stream):
                pass
        except (ConnectionError, BrokenPipeError, TimeoutError):
            pass

    def _one(self, stream: BinaryIO) -> bool:
        """Serves one request; false ends the connection."""
        first = self.request.recv(1, socket.MSG_PEEK)
        if not first:
            return False
        if not first.isalpha():  # a TLS handshake, for one
            self.request.sendall(b"this is not TLS\r\n")
            return False
        line = stream.readline(65536).split()
        if len(line) != 3:
            return False
        method, target = line[0].decode(), line[1].decode()
        headers = read_headers(stream)
        body = read_body(stream, headers)
        url = urlsplit(target)
        if url.path.startswith("/_"):
            return self._control(url.path, parse_qs(url.query), body)
        call: dict[str, Any] = {
            "method": method, "path": url.path, "headers": headers, "raw": body.decode("utf-8", "replace"),
            "body": parsed(body), "at": time.time(), "ended_at": None, "aborted": False, "answer": None, "reports": [],
        }
        with BOOK.lock:
            script = BOOK.scripts.get(url.path)
            answer = script.next() if script else {"body": {"ok": True}}
            call["answer"] = answer.get("do", answer.get("status", 200))
            BOOK.calls.append(call)
        try:
            return self._answer(call, answer)
        finally:
            call["ended_at"] = time.time()

    def _control(self, path: str, query: dict[str, list[str]], body: bytes) -> bool:
        answer: Any = {}
        with BOOK.lock:
            if path == "/_script":
                wanted = json.loads(body)
                BOOK.scripts[wanted["path"]] = Script(wanted["answers"], wanted.get("seed"))
            elif path == "/_calls":
                only = query.get("path", [None])[0]
                answer = [call for call in BOOK.calls if only in (None, call["path"])]
            text = json.dumps(answer)
        self._send(200, {"content-type": "application/json"}, text.encode())
        return True

    def _answer(self, call: dict[str, Any], answer: Answer) -> bool:
        reports = answer.get("reports", [])
        if reports and answer.get("reports_first"):
            tell(call, reports)
        elif reports:
            threading.Thread(target=tell, args=(call, reports), daemon=True).start()
        if not self._wait(answer.get("wait", 0)):
            call["aborted"] = True
            return False
        return BEHAVIOURS[answer.get("do", "answer")](self, answer)

    def _wait(self, seconds: float) -> bool:
        """Waits; false as soon as the caller has hung up."""
        if seconds <= 0:
            return True
        readable, _, _ = select.select([self.request], [], [], seconds)
        if not readable:
            return True
        try:
            return self.request.recv(1, socket.MSG_PEEK) != b""
        except ConnectionError:
            return False

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        lines = [f"HTTP/1.1 {status} {'OK' if status < 300 else 'Oh no'}"]
        lines += [f"{name}: {dated(value)}" for name, value in headers.items()]
        if status != 204 and not any(name.lower() == "content-length" for name in headers):
            lines.append(f"content-length: {len(body)}")
        self.request.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if status == 204 else body))

    # The behaviours: each returns whether the connection lives on.

    def plain(self, answer: Answer) -> bool:
        self._send(answer.get("status", 200), {"content-type": "application/json"} | answer.get("headers", {}), content(answer))
        return True

    def early_hints(self, answer: Answer) -> bool:
        self.request.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n")
        return self.plain(answer)

    def huge(self, answer: Answer) -> bool:
        return self.plain(answer | {"raw": json.dumps("x" * answer.get("bytes", HUGE_BYTES))})

    def drip(self, answer: Answer) -> bool:
        """The body byte by byte, `every` seconds apart, so that it never ends in time."""
        body = content(answer) or b'{"drip": "drop"}'
        self.request.sendall(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        for byte in body:
            if not self._wait(answer.get("every", 0.2)):
                return False
            self.request.sendall(bytes([byte]))
        return True

    def reset(self, answer: Answer) -> bool:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.request.detach())  # a plain close waits for the reader made from the socket
        return False

    def close(self, answer: Answer) -> bool:
        return False

    def close_mid_body(self, answer: Answer) -> bool:
        self._send(200, {"content-type": "application/json", "content-length": "1000"}, b'{"half": "of it')
        return False

    def close_mid_chunk(self, answer: Answer) -> bool:
        self.request.sendall(
            b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{"half":')
        return False

    def short_length(self, answer: Answer) -> bool:
        self._send(200, {"content-type": "application/json", "content-length": "5"}, b'{"more": "than five bytes"}')
        return False

    def garbage(self, answer: Answer) -> bool:
        self.request.sendall(b"\x00\xff\xfeSSH-2.0-surprise\r\n\r\n" + bytes(range(256)))
        return False

    def endless_headers(self, answer: Answer) -> bool:
        self.request.sendall(b"HTTP/1.1 200 OK\r\n")
        for n in range(2000):
            self.request.sendall(f"x-filler-{n}: {'y' * 200}\r\n".encode())
        self.request.sendall(b"content-length: 2\r\n\r\n{}")
        return False


BEHAVIOURS = {
    "answer": Agent.plain, "early_hints": Agent.early_hints, "huge": Agent.huge, "drip": Agent.drip,
    "reset": Agent.reset, "close": Agent.close, "close_mid_body": Agent.close_mid_body,
    "close_mid_chunk": Agent.close_mid_chunk, "short_length": Agent.short_length, "garbage": Agent.garbage,
    "endless_headers": Agent.endless_headers,
}


def read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    while (line := whole(stream.readline(65536)).strip()):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def read_body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(whole(stream.readline()).split(b";")[0], 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
        return body
    length = int(headers.get("content-length", 0))
    return whole(stream.read(length), length)


def whole(read: bytes, length: int = 1) -> bytes:
    """A request cut short, as by a kill of its sender, is no call."""
    if len(read) < length:
        raise ConnectionError("cut short")
    return read


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def content(answer: Answer) -> bytes:
    if "raw" in answer:
        return answer["raw"].encode("utf-8", answer.get("encoding", "strict"))
    return json.dumps(answer["body"]).encode() if "body" in answer else b""


def dated(value: str) -> str:
    return formatdate(time.time() + float(value[6:]), usegmt=True) if value.startswith("@date+") else value


def tell(call: dict[str, Any], reports: list[dict[str, Any]]) -> None:
    """Reports through the URLs and with the token that came with the call; notes each answer in the call."""
    doors = call["body"]["report"]
    for report in reports:
        time.sleep(report.get("after", 0))
        for _ in range(report.get("times", 1)):
            request = urllib.request.Request(
                doors[report["do"] + "_url"], json.dumps(report.get("body", {})).encode(), method="POST",
                headers={"content-type": "application/json", "authorization": f"Bearer {report.get('token', doors['token'])}"})
            try:
                with urllib.request.urlopen(request, timeout=10) as response:
                    status = response.status
            except urllib.error.HTTPError as error:
                status = error.code
            except OSError:
                status = 0  # nobody there
            with BOOK.lock:
                call["reports"].append({"do": report["do"], "status": status, "at": time.time()})


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512


def main() -> None:
    options = argparse.ArgumentParser(description="Agents from hell")
    options.add_argument("--port", type=int, default=0)
    with Server(("127.0.0.1", options.parse_args().port), Agent) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
