"""Measures peers and Kintsugi by turns on this machine, on tasks that do nothing with 100 bytes of JSON.

Each queue is filled first, then its workers start; the rate is taken between a tenth and nine tenths of the way, so that nobody's start
is measured. Redis and PostgreSQL are started in a throw-away folder. `make bench` installs what is missing and runs this.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import psycopg
import redis

T = TypeVar("T")
HERE = Path(__file__).parent / "peers"
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass
class Peer:
    name: str
    durable: str
    settings: str
    tasks: int
    service: str
    fill: list[str]
    work: list[str]
    workers: int = 2
    table: str = ""


def peers() -> list[Peer]:
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "celery_app", "worker", "--pool", "solo", "--loglevel", "ERROR", "--without-gossip", "--without-mingle",
              "--without-heartbeat"]
    sidekiq = dict(tasks=40_000, fill=["ruby", "sidekiq_jobs.rb"], work=["sidekiq", "-c", "5", "-r", "./sidekiq_jobs.rb"])
    celery_app = dict(tasks=8_000, fill=[python, "celery_app.py"], work=celery)
    return [
        Peer("Sidekiq", "no: a crash loses running jobs, and up to 1 s", "2 processes of 5 threads, AOF everysec", service="redis everysec", **sidekiq),
        Peer("Sidekiq", "queue yes, running jobs no", "2 processes of 5 threads, AOF always", service="redis always", **sidekiq),
        Peer("Celery", "up to 1 s is lost", "2 solo workers, acks_late, prefetch 64, AOF everysec", service="redis everysec", **celery_app),
        Peer("Celery", "yes", "2 solo workers, acks_late, prefetch 64, AOF always", service="redis always", **celery_app),
        Peer("PgQueuer", "yes, a row a status change", "2 workers, batches of 200, synchronous_commit=on", 20_000, "postgres",
             [python, "pgqueuer_app.py"], [python, "pgqueuer_app.py"], table="SELECT count(*) FROM pgqueuer"),
        Peer("DBOS", "yes, step history", "1 process, no limit of its own, polls each 50 ms, synchronous_commit=on", 2_000, "postgres",
             [python, "dbos_app.py"], [python, "dbos_app.py"], workers=1,
             table="SELECT count(*) FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING')"),
    ]


@contextmanager
def process(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, **options)  # type: ignore[call-overload]
    try:
        yield started
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


@contextmanager
def service(kind: str, folder: Path) -> Iterator[tuple[dict[str, str], Callable[[Peer], int]]]:
    """A fresh one; the environment that points to it, and how many tasks are left in it."""
    if kind.startswith("redis"):
        socket = folder / "redis.sock"
        with process(["redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "", "--appendonly", "yes",
                      "--appendfsync", kind.split()[1]]):
            client = redis.Redis(unix_socket_path=str(socket))
            ready(client.ping)
            yield {"REDIS_URL": f"unix://{socket}", "BROKER_URL": f"redis+socket://{socket}"}, lambda peer: int(client.llen("queue:default" if peer.name == "Sidekiq" else "celery"))
        return
    # PostgreSQL does not run as root.
    owner = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    options = {"user": owner.pw_uid, "group": owner.pw_gid} if os.getuid() == 0 else {}
    shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    subprocess.run([POSTGRES[-1] / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"], check=True, stdout=subprocess.DEVNULL, **options)
    with process([str(POSTGRES[-1] / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "port=54399"],
                 **options):
        url = "postgresql://postgres@127.0.0.1:54399/postgres"
        connection = ready(lambda: psycopg.connect(url, autocommit=True))

        def left(peer: Peer) -> int:
            row = connection.execute(peer.table).fetchone()
            assert row
            return int(row[0])

        yield {"DATABASE_URL": url}, left


def ready(probe: Callable[[], T]) -> T:
    for _ in range(200):
        try:
            return probe()
        except (redis.ConnectionError, redis.BusyLoadingError, psycopg.OperationalError):
            time.sleep(0.05)
    return probe()


def measure(peer: Peer) -> float:
    """Tasks a second."""
    folder = Path(tempfile.mkdtemp(prefix="peers-"))
    try:
        with service(peer.service, folder) as (variables, left):
            environment = os.environ | variables
            subprocess.run([*peer.fill, str(peer.tasks)], cwd=HERE, env=environment, check=True)
            assert left(peer) == peer.tasks, f"{peer.name} has {left(peer)} of {peer.tasks} tasks"
            errors = tempfile.TemporaryFile()
            workers = [subprocess.Popen(peer.work, cwd=HERE, env=environment, stdout=errors, stderr=errors, start_new_session=True) for _ in range(peer.workers)]
            try:
                return rate(peer, left, workers)
            except RuntimeError as failure:
                errors.seek(0)
                raise RuntimeError(f"{failure}\n{errors.read().decode(errors='replace')[-2000:]}") from None
            finally:
                for worker in workers:
                    if worker.poll() is None:
                        os.killpg(worker.pid, signal.SIGKILL)
                    worker.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rate(peer: Peer, left: Callable[[Peer], int], workers: list[subprocess.Popen[bytes]]) -> float:
    first: tuple[float, int] | None = None
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if any(worker.poll() is not None for worker in workers):
            raise RuntimeError(f"a worker of {peer.name} ended")
        now, rest = time.monotonic(), left(peer)
        if first is None and rest <= 0.9 * peer.tasks:
            first = (now, rest)
        if first and rest <= 0.1 * peer.tasks:
            return (first[1] - rest) / (now - first[0])
        time.sleep(0.02)
    raise RuntimeError(f"{peer.name} was not done in 120 s: {left(peer)} of {peer.tasks} are left")


def kintsugi(binary: str, row: str) -> dict[str, float]:
    done = subprocess.run([binary, "bench", "--json", "--runs", "1", "--only", "store", row], check=True, capture_output=True)
    return {one["name"]: one["median"] for one in json.loads(done.stdout)["rows"]}


def versions() -> dict[str, str]:
    def said(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return {
        "Sidekiq": said("sidekiq", "--version").split()[-1], "Celery": version("celery"), "PgQueuer": version("pgqueuer"), "DBOS": version("dbos"),
        "Redis": said("redis-server", "--version").split("v=")[1].split()[0], "PostgreSQL": said(str(POSTGRES[-1] / "postgres"), "--version").split()[2]}


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} cores ({model}), Linux {os.uname().release.split('-')[0]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kintsugi", required=True, help="the release binary")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path, required=True, help="the Markdown file to write")
    arguments = parser.parse_args()

    ours: list[dict[str, float]] = []
    theirs: dict[int, list[float]] = {}
    everyone = peers()
    for run in range(1, arguments.runs + 1):
        print(f"run {run} of {arguments.runs}: Kintsugi …", file=sys.stderr, flush=True)
        ours.append(kintsugi(arguments.kintsugi, "drain"))
        for index, peer in enumerate(everyone):
            print(f"run {run} of {arguments.runs}: {peer.name}, {peer.settings} …", file=sys.stderr, flush=True)
            theirs.setdefault(index, []).append(measure(peer))

    drains = [one["drain"] for one in ours]
    lines = [
        "# Kintsugi and peers, side by side", "",
        f"Written by `make bench` on {date.today()}: {machine()}; "
        + ", ".join(f"{name} {number}" for name, number in versions().items()) + ".",
        "", (__doc__ or "").split("\n\n", 1)[1].strip().replace("\n", " "), "",
        f"Medians of {arguments.runs} runs, by turns; ratio: the median over runs of ours by theirs of the same run.", "",
        "| | durable, history | settings | drain, tasks/s | range | Kintsugi is |", "|---|---|---|---|---|---|",
        f"| **Kintsugi** | yes, full timeline | SQLite, synchronous=FULL, metrics recorded | **{statistics.median(drains):,.0f}** "
        f"| {min(drains):,.0f} – {max(drains):,.0f} | |"]
    for index, peer in enumerate(everyone):
        rates = theirs[index]
        ratio = statistics.median(mine / other for mine, other in zip(drains, rates))
        lines.append(f"| {peer.name} | {peer.durable} | {peer.settings} | {statistics.median(rates):,.0f} | {min(rates):,.0f} – {max(rates):,.0f} | {ratio:.1f} × |")
    share = statistics.median(one["drain"] / one["store.drain"] for one in ours)
    lines += ["", f"Kintsugi's store alone, in the same runs: {statistics.median(one['store.drain'] for one in ours):,.0f} tasks/s; the drain reaches "
              f"{share:.0%} of it.", ""]
    arguments.output.write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
