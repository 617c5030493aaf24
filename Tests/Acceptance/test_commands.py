"""The command line: every command of the documents, what it says, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from harness import BINARY, Api, eventually

CLEAN = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}


def kintsugi(*arguments: str, cwd: Path, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, *arguments], env=CLEAN | {"HOME": str(cwd)} | environment, cwd=cwd, text=True, timeout=timeout,
        stdin=subprocess.DEVNULL, capture_output=True, check=False)


def test_help_names_every_command(tmp_path: Path) -> None:
    done = kintsugi("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("serve", "demo", "bench", "verify", "config"):
        assert command in done.stdout
    assert "demo-agent" not in done.stdout


def test_config_shows_each_value_with_its_source_and_hides_secrets(tmp_path: Path) -> None:
    (tmp_path / "kintsugi.yaml").write_text("server:\n  host: 127.0.0.2\n")
    done = kintsugi("config", "--config", "kintsugi.yaml", cwd=tmp_path, KINTSUGI_PORT="8080",
                    KINTSUGI_ADMIN_KEY="ks_admin_0123456789012345678901234567890123")
    assert done.returncode == 0
    assert "server.host = 127.0.0.2  (kintsugi.yaml" in done.stdout
    assert "server.port = 8080  (KINTSUGI_PORT" in done.stdout
    assert "0123456789" not in done.stdout


def test_an_unknown_setting_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("server:\n  prot: 1\n")
    done = kintsugi("serve", "--config", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 64
    assert "server.prot" in done.stderr and "server.port" in done.stderr


@pytest.mark.parametrize(("arguments", "word"), [
    (("serve", "--port", "70000"), "server.port"),
    (("serve", "--database", "mysql://x"), "database"),
    (("serve", "--config", "missing.yaml"), "missing.yaml"),
    (("verify", "--data", "/dev/null/x"), "/dev/null/x"),
])
def test_a_bad_command_says_what_is_wrong(arguments: tuple[str, ...], word: str, tmp_path: Path) -> None:
    done = kintsugi(*arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert word in done.stderr
    assert "Fatal" not in done.stderr and "Stack dump" not in done.stderr


def test_the_first_start_makes_an_admin_key_for_its_owner_only(serve: Callable[..., Api]) -> None:
    api = serve(KINTSUGI_ADMIN_KEY="")
    key = api.server.data / "admin.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert f"KINTSUGI_KEY={key.read_text().strip()}" in api.server.log.read_text()


def test_a_used_port_is_explained(serve: Callable[..., Api], tmp_path: Path) -> None:
    api = serve()
    done = kintsugi("serve", "--data", str(tmp_path / "other"), "--port", str(api.server.port), cwd=tmp_path)
    assert done.returncode != 0
    assert "is in use" in done.stderr and "--port" in done.stderr


def test_the_demo_shows_tasks_that_fail_and_heal(tmp_path: Path) -> None:
    done = kintsugi("demo", "--seconds", "14", cwd=tmp_path, timeout=90, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    for word in ("healed", "retry", "gave up", "kept", "breaker", "curl"):
        assert word in done.stdout + done.stderr, f"{word} is missing:\n{done.stdout[-3000:]}"
    assert not list(tmp_path.glob("kintsugi-demo-*"))


def test_the_demo_takes_a_free_port_and_its_link_opens_once(tmp_path: Path) -> None:
    with socket.socket() as usual:
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # in use is what it has to be
            usual.bind(("127.0.0.1", 7420))
            usual.listen()
        log = tmp_path / "log"
        with log.open("w") as output, subprocess.Popen(
                [BINARY, "demo"], env=CLEAN | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output) as demo:
            link = eventually(lambda: re.search(r"(http://\S+)/sign-in#token=(\w{32})\n", log.read_text()), log.read_text)
            assert "Port 7420 is in use" in log.read_text() and not link[1].endswith(":7420")
            session, url = requests.Session(), link[1] + "/api/v1/"
            assert session.post(url + "session", json={"token": link[2]}, timeout=10).json()["role"] == "admin"
            assert session.post(url + "session", json={"token": link[2]}, timeout=10).status_code == 401

            def waits() -> bool:
                asked = session.get(url + "tasks?status=waiting", timeout=10).json()["data"]
                return any((task["payment"] or {}).get("amount") == "250.00" for task in asked)

            try:
                eventually(waits, "the payment waits for a person", 10)
            finally:  # a test that fails must not leave a demo behind
                demo.send_signal(signal.SIGINT)
            assert demo.wait(30) == 0, log.read_text()[-2000:]


def test_the_demo_goes_on_until_it_is_interrupted(tmp_path: Path) -> None:
    with subprocess.Popen([BINARY, "demo"], env=CLEAN | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as demo:
        assert demo.stdout
        assert any("healed" in line for line in demo.stdout), "the demo ended before anything healed"
        assert demo.poll() is None
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
        assert demo.wait(30) == 0


def test_the_bench_measures_every_row_beside_the_stores_limit(tmp_path: Path) -> None:
    done = kintsugi("bench", "--tasks", "1000", "--runs", "1", "--json", "--folder", str(tmp_path), cwd=tmp_path,
                    timeout=180)
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    for name in ("store.create", "store.drain", "store.bytes", "drain", "together", "retry", "submit", "submit.p99", "latency.p50", "callbacks",
                 "post", "post.p99", "batch", "idle.memory"):
        assert rows[name]["median"] > 0
    for name in ("drain", "together", "retry", "submit", "callbacks", "post"):
        assert rows[name]["share_of_raw_limit"] > 0
    assert not list(tmp_path.iterdir()), "it leaves nothing behind"


def test_the_bench_measures_on_a_store_that_has_grown(tmp_path: Path) -> None:
    done = kintsugi("bench", "--tasks", "1000", "--runs", "2", "--json", "--grow", "3000", "--only", "drain", "submit", "post", "--folder", str(tmp_path),
                    cwd=tmp_path, timeout=180)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["finished_tasks_before"] == 3000
    assert {row["name"] for row in report["rows"]} >= {"store.drain", "drain", "submit", "post"}
    assert not list(tmp_path.iterdir())
    refused = kintsugi("bench", "--only", "everything", cwd=tmp_path)
    assert refused.returncode == 64 and "everything" in refused.stderr and "callbacks" in refused.stderr


def test_verify_finds_nothing_wrong_after_work_and_a_kill(serve: Callable[..., Api]) -> None:
    api = serve()
    for number in range(20):
        api.task(type="verify.me", input={"n": number})
    api.server.kill()
    done = kintsugi("verify", "--data", str(api.server.data), cwd=api.server.data.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_documents_name_every_setting(tmp_path: Path) -> None:
    shown = kintsugi("config", cwd=tmp_path).stdout
    document = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    settings = [line.split(" = ")[0] for line in shown.splitlines() if " = " in line]
    assert len(settings) > 10
    for setting in settings:
        assert f"| `{setting}` |" in document
