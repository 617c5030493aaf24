"""A token server and what it guards, in a process of its own.

    python3 tokens.py --port 0          prints its port, then serves until it is killed

POST /token       OAuth 2.0 client credentials (RFC 6749, section 4.4), HTTP Basic; tokens are tok-1, tok-2, …
POST /guarded     200 with a token that is good now, else 401
POST /_set        {expires_in?, status?, body?, wait?, client?: [id, secret]}; `status` answers /token instead
POST /_revoke     no token is good any more
GET  /_seen       what /token was asked and what /guarded was shown
"""

from __future__ import annotations

import argparse
import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus

LOCK = threading.Lock()
STATE: dict[str, Any] = {"expires_in": 3600, "status": None, "body": None, "wait": 0, "client": ["kintsugi", "s3cret value"]}
SEEN: dict[str, list[Any]] = {"token": [], "guarded": []}
GOOD: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with LOCK:
            self.answer(200, SEEN)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/token":
            self.token(body)
        elif self.path == "/guarded":
            self.guarded()
        else:
            with LOCK:
                if self.path == "/_set":
                    STATE.update(json.loads(body))
                else:
                    GOOD.clear()
            self.answer(200, {})

    def token(self, body: bytes) -> None:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        scheme, _, pair = self.headers.get("authorization", "").partition(" ")
        client = [unquote_plus(part) for part in base64.b64decode(pair).decode().split(":", 1)] if scheme == "Basic" else None
        with LOCK:
            SEEN["token"].append({"form": form, "client": client, "type": self.headers.get("content-type"), "at": time.time()})
            name, wait = f"tok-{len(SEEN['token'])}", STATE["wait"]
        time.sleep(wait)
        with LOCK:
            if STATE["status"]:
                return self.answer(STATE["status"], STATE["body"] or {})
            if client != STATE["client"] or form.get("grant_type") != "client_credentials":
                return self.answer(401, {"error": "invalid_client", "error_description": f"you sent {pair}"})
            GOOD.add(name)
            self.answer(200, {"access_token": name, "token_type": "Bearer", "expires_in": STATE["expires_in"]})

    def guarded(self) -> None:
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        with LOCK:
            SEEN["guarded"].append(token)
            self.answer(200, {"token": "good"}) if token in GOOD else self.answer(401, {"error": f"{token} is no good"})

    def answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    options = argparse.ArgumentParser(description="A token server")
    options.add_argument("--port", type=int, default=0)
    with ThreadingHTTPServer(("127.0.0.1", options.parse_args().port), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
