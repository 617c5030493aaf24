"""A task that does nothing, acknowledged after it ran. `python celery_app.py N` enqueues N of them."""

import os
import sys

from celery import Celery

app = Celery("peers", broker=os.environ["BROKER_URL"])
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, task_ignore_result=True, worker_prefetch_multiplier=64,
                task_serializer="json", broker_connection_retry_on_startup=True)


@app.task(name="noop")
def noop(text: str) -> None:
    pass


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        noop.delay("x" * 89)
