"""A job that does nothing. `python pgqueuer_app.py N` enqueues N of them, without a number it works."""

import asyncio
import os
import sys
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries


async def enqueue(count: int) -> None:
    queries = Queries(AsyncpgDriver(await asyncpg.connect(os.environ["DATABASE_URL"])))
    try:
        await queries.install()
    except asyncpg.DuplicateObjectError:
        pass
    for start in range(0, count, 1000):
        some = min(1000, count - start)
        await queries.enqueue(["noop"] * some, [b"x" * 100] * some, [0] * some)


async def work() -> None:
    queue = PgQueuer(AsyncpgDriver(await asyncpg.connect(os.environ["DATABASE_URL"])))

    @queue.entrypoint("noop")
    async def noop(job: Job) -> None:
        pass

    await queue.run(dequeue_timeout=timedelta(seconds=1), batch_size=200)


asyncio.run(enqueue(int(sys.argv[1])) if len(sys.argv) > 1 else work())
