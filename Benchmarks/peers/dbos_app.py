"""A durable workflow that does nothing. `python dbos_app.py N` enqueues N of them, without a number it works."""

import os
import sys
import threading

from dbos import DBOS, DBOSClient

if len(sys.argv) > 1:
    DBOS.migrate(system_database_url=os.environ["DATABASE_URL"])
    client = DBOSClient(system_database_url=os.environ["DATABASE_URL"])
    for _ in range(int(sys.argv[1])):
        client.enqueue({"queue_name": "peers", "workflow_name": "noop", "app_version": "1"}, "x" * 89)
else:
    DBOS(config={"name": "peers", "system_database_url": os.environ["DATABASE_URL"], "application_version": "1", "run_admin_server": False,
                 "log_level": "ERROR"})
    @DBOS.workflow(name="noop")
    def noop(text: str) -> None:
        pass

    DBOS.launch()
    DBOS.register_queue("peers", polling_interval_sec=0.05)
    threading.Event().wait()
