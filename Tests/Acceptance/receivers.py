"""What alerts are told to: receivers that start, keep what they got, and can be waited for without sleeping.

HTTP receivers for Slack, PagerDuty and webhooks, a mail server with STARTTLS and required AUTH (aiosmtpd), and a real
Alertmanager (Debian's). What a message must look like stands in `messages.py`."""

from __future__ import annotations

import contextlib
import datetime
import email
import email.policy
import ipaddress
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Generic, TypeVar

import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness import eventually, free_port

T = TypeVar("T")
JSON = dict[str, Any]


class Inbox(Generic[T]):
    """What has arrived, in order. Whoever waits is woken by the arrival itself."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.arrival = threading.Condition()

    def add(self, item: T) -> None:
        with self.arrival:
            self.items.append(item)
            self.arrival.notify_all()

    def wait(self, times: int = 1, where: Callable[[T], bool] = lambda _: True, timeout: float = 20) -> list[T]:
        """The first so many that fit, as soon as they are there."""
        def fitting() -> list[T]:
            return [item for item in self.items if where(item)]

        with self.arrival:
            there = self.arrival.wait_for(lambda: len(fitting()) >= times, timeout)
            assert there, f"{times} wanted within {timeout} s; arrived: {self.items}"
            return fitting()[:times]

    def all(self) -> list[T]:
        with self.arrival:
            return list(self.items)


# HTTP


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Answer:
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class HTTPReceiver:
    """Takes every POST and gives the answers one after the other, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.inbox: Inbox[Request] = Inbox()
        self.answers = list(answers) or [Answer()]
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                answer = receiver._next()
                receiver.inbox.add(Request(self.path, {k.lower(): v for k, v in self.headers.items()}, raw))
                body = answer.body.encode()
                self.send_response(answer.status)
                for name, value in ({"content-length": str(len(body))} | answer.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def script(self, *answers: Answer) -> None:
        with self.lock:
            self.answers = list(answers)

    def _next(self) -> Answer:
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


# Mail


class CertificateAuthority:
    """A self-signed authority that only these tests trust, and certificates for this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Acceptance test authority")])
        self.certificate = self._builder(self.name, self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(self.key, hashes.SHA256())
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=5))
                .not_valid_after(now + datetime.timedelta(days=1)))

    def context(self, *names: str) -> ssl.SSLContext:
        """For a server with these names; addresses among them are taken as such."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._builder(subject, key).add_extension(
            x509.SubjectAlternativeName([self._alternative(name) for name in names]), critical=False,
        ).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False,
        ).sign(self.key, hashes.SHA256())
        pem = self.folder / f"{names[0]}.pem"
        pem.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    @staticmethod
    def _alternative(name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    raw: bytes
    is_secure: bool
    username: str | None

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class MailReceiver:
    """A mail server that wants TLS and a password first.

    `tls` is "starttls", "implicit" or "none"; `refuse` names recipients and the reply each of them gets."""

    USERNAME, PASSWORD = "kintsugi", "pa55 wörd"

    def __init__(self, authority: CertificateAuthority | None = None, tls: str = "starttls", *,
                 names: tuple[str, ...] = ("localhost", "127.0.0.1"), mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN"),
                 refuse: dict[str, str] | None = None) -> None:
        self.inbox: Inbox[Mail] = Inbox()
        self.logins: Inbox[str] = Inbox()
        self.refuse = refuse or {}
        context = authority.context(*names) if authority and tls != "none" else None
        options: JSON = {
            "authenticator": self._authenticate, "auth_required": True, "auth_require_tls": tls == "starttls",
            "auth_exclude_mechanism": [one for one in ("PLAIN", "LOGIN") if one not in mechanisms],
            "enable_SMTPUTF8": True,
        }
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        receiver = self

        class Started(Controller):
            def factory(self) -> SMTP:
                return SMTP(receiver, **self.SMTP_kwargs)

        self.controller = Started(
            self, hostname="127.0.0.1", port=free_port(), ssl_context=context if tls == "implicit" else None, **options)
        self.controller.start()

    @property
    def port(self) -> int:
        return int(self.controller.port)

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.add(mechanism)
        right = (data.login.decode(), data.password.decode()) == (self.USERNAME, self.PASSWORD)
        return AuthResult(success=right, handled=False, auth_data=data.login.decode())

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if reply := self.refuse.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.original_content, bytes)
        secure = session.ssl is not None or self.controller.ssl_context is not None
        self.inbox.add(Mail(str(envelope.mail_from), list(envelope.rcpt_tos), envelope.original_content, secure, session.auth_data))
        return "250 2.0.0 taken"

    def close(self) -> None:
        self.controller.stop()


# Alertmanager


class Alertmanager:
    """Debian's Alertmanager in a folder of its own; what it would send to people comes to `told`."""

    def __init__(self, folder: Path) -> None:
        binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        assert binary, "prometheus-alertmanager is missing: scripts/install-tools test"
        self.told = HTTPReceiver()
        config = folder / "alertmanager.yml"
        config.write_text(json.dumps({
            "route": {"receiver": "people", "group_by": ["alertname", "alert_id"], "group_wait": "0s",
                      "group_interval": "1s", "repeat_interval": "1h"},
            "receivers": [{"name": "people", "webhook_configs": [{"url": self.told.url + "/", "send_resolved": True}]}],
        }))
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = (folder / "alertmanager.log").open("wb")
        self.process = subprocess.Popen(
            [binary, f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}", "--cluster.listen-address=",
             f"--web.listen-address={self.url.removeprefix('http://')}"], stdout=self.log, stderr=self.log)
        self._until(lambda: self._get("/-/ready").status_code == 200, "Alertmanager is ready")

    def _get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=5)

    def _until(self, probe: Callable[[], Any], what: str, timeout: float = 30) -> Any:
        def look() -> Any:
            assert self.process.poll() is None, f"Alertmanager ended with {self.process.returncode}"
            with contextlib.suppress(requests.RequestException):
                return probe()

        return eventually(look, what, timeout)

    def alerts(self) -> list[JSON]:
        """What its API lists, which is what is firing."""
        found: list[JSON] = self._get("/api/v2/alerts").json()
        return found

    def shows(self, times: int, **labels: str) -> list[JSON]:
        """Waits until so many alerts with these labels fire."""
        def fitting() -> list[JSON] | None:
            fit = [one for one in self.alerts() if labels.items() <= one["labels"].items()]
            return fit if len(fit) == times else None

        found: list[JSON] = []
        self._until(lambda: (seen := fitting()) is not None and (found.extend(seen), True)[1],
                    f"{times} × {labels}; there are {self.alerts()}")
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.told.close()


# Prometheus


class Prometheus:
    """Debian's Prometheus in a folder of its own, which scrapes one of our servers every second."""

    def __init__(self, folder: Path, port: int, rules: str = "") -> None:
        binary = shutil.which("prometheus")
        assert binary, "prometheus is missing: scripts/install-tools test"
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [rules] if rules else [],
            "scrape_configs": [{"job_name": "kintsugi", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
        }))
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = (folder / "prometheus.log").open("wb")
        self.process = subprocess.Popen(
            [binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={self.url.removeprefix('http://')}"],
            stdout=self.log, stderr=self.log)
        eventually(self._is_ready, "Prometheus is ready", 30)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"Prometheus ended with {self.process.returncode}"
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.url + "/-/ready", timeout=5).status_code == 200
        return False

    def query(self, expression: str) -> float | None:
        """The value of an expression that gives one; nil while there is none."""
        answer: JSON = requests.get(self.url + "/api/v1/query", params={"query": expression}, timeout=10).json()
        assert answer["status"] == "success", answer
        result = answer["data"]["result"]
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else None

    def answers(self, expression: str) -> int:
        """How many series the expression gives."""
        answer: JSON = requests.get(self.url + "/api/v1/query", params={"query": expression}, timeout=10).json()
        assert answer["status"] == "success", answer
        return len(answer["data"]["result"])

    def rules(self) -> int:
        """How many rules it has evaluated without an error."""
        groups = requests.get(self.url + "/api/v1/rules", timeout=10).json()["data"]["groups"]
        return sum(rule["health"] == "ok" for group in groups for rule in group["rules"])

    def targets(self) -> Any:
        return requests.get(self.url + "/api/v1/targets", timeout=10).json()["data"]["activeTargets"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()
