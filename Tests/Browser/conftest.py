"""The dashboard in a real browser: the real binary, real agents in another process, Debian's Chromium.

    pip install -r requirements.txt
    KINTSUGI_BIN=.build/debug/kintsugi python3 -m pytest Tests/Browser
    KINTSUGI_ASSETS=Sources/CDashboard/web ...   the dashboard's files from this folder, not those in the binary
    KINTSUGI_CHROMIUM=/usr/bin/chromium ...      another browser
    KINTSUGI_BROWSER_LOAD=1 ...                  also the tests of 5,000 tasks, which take minutes

Whatever a page complains about fails its test: errors in the console, exceptions, violations of the policy, dialogs of
the browser, requests to anywhere else. Nothing sleeps; everything waits for what it wants to see."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Acceptance"))

from harness import Api, Hell, Server, free_port  # noqa: E402
from views import CHROMIUM, Views  # noqa: E402

PATIENCE = 15_000
FAILED = pytest.StashKey[bool]()
ASSETS = {"KINTSUGI_ASSETS": str(Path(os.environ["KINTSUGI_ASSETS"]).resolve())} if os.environ.get("KINTSUGI_ASSETS") else {}


@pytest.fixture(scope="session")
def hell() -> Iterator[Hell]:
    agents = Hell()
    yield agents
    agents.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def kept() -> list[BrowserContext]:
    """Browsers that are emptied and used again: a warm cache makes most of a page's start."""
    return []


@pytest.fixture(scope="session")
def port() -> int:
    """The servers of the modules follow each other at one address, so that the cache serves them all."""
    return free_port()


@pytest.fixture(scope="module")
def api(hell: Hell, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The admin's client of the module's server."""
    server = Server(tmp_path_factory.mktemp("kintsugi") / "data", **ASSETS)
    server.port = port
    server.start()
    yield Api(server, hell)
    server.close()


@pytest.fixture
def serve(hell: Hell, tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Starts servers of this test's own, to be killed and restarted at will."""
    servers: list[Server] = []

    def start(**environment: str) -> Api:
        servers.append(Server(tmp_path / f"data{len(servers)}", **ASSETS, **environment).start())
        return Api(servers[-1], hell)

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def views(request: pytest.FixtureRequest, browser: Browser, kept: list[BrowserContext]) -> Iterator[Views]:
    """Opens pages; at the end none of them may have had anything to complain about."""
    views = Views(browser, PATIENCE, kept)
    yield views
    faults = views.close()
    assert not faults or request.node.stash.get(FAILED, False), "the pages complained:\n" + "\n".join(faults)


@pytest.fixture(scope="module")
def module_views(browser: Browser, kept: list[BrowserContext]) -> Iterator[Views]:
    """The same for pages that several tests share."""
    views = Views(browser, PATIENCE, kept)
    yield views
    faults = views.close()
    assert not faults, "the pages complained:\n" + "\n".join(faults)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        for name in ("views", "module_views"):
            for view in getattr(item, "funcargs", {}).get(name, Views.none):
                report.sections.append((f"page {view.title}", view.report(item.name)))
        report.sections += [(f"log of the server on {server.port}", server.tail(25)) for server in Server.running]
    return report
