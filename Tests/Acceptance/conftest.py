"""The acceptance suite: the real binary, real agents in another process, nothing but the contract.

    pip install -r requirements.txt
    KINTSUGI_BIN=.build/debug/kintsugi python3 -m pytest Tests/Acceptance
    KINTSUGI_CRASH_ROUNDS=200 KINTSUGI_CRASH_SEED=7 python3 -m pytest Tests/Acceptance/test_crash.py
    KINTSUGI_CHECK_SCHEMAS=0 ...     does not compare answers with /openapi.json (to see past a wrong schema)

Fixtures: the agents live for the session, a server for a module, or for one test where it is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import Api, Hell, Server


@pytest.fixture(scope="session")
def hell() -> Iterator[Hell]:
    agents = Hell()
    yield agents
    agents.close()


@pytest.fixture(scope="module")
def api(hell: Hell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The admin's client of the module's server."""
    server = Server(tmp_path_factory.mktemp("kintsugi") / "data").start()
    yield Api(server, hell)
    server.close()


@pytest.fixture
def serve(hell: Hell, tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Starts servers of this test's own, to be killed and restarted at will."""
    servers: list[Server] = []

    def start(**environment: str) -> Api:
        servers.append(Server(tmp_path / f"data{len(servers)}", **environment).start())
        return Api(servers[-1], hell)

    yield start
    for server in servers:
        server.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    report = yield
    if report.failed:
        report.sections += [(f"log of the server on {server.port}", server.tail()) for server in Server.running]
    return report
