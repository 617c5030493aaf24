"""Pages of the dashboard as the tests drive them, and what they must never do."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Request, Response, expect

from harness import JSON, Api

CHROMIUM = os.environ.get("KINTSUGI_CHROMIUM", "/usr/bin/chromium")
SHOTS = Path(os.environ.get("KINTSUGI_SHOTS") or Path(tempfile.gettempdir()) / "kintsugi-browser-failures")

#: Every room of the rail: address, name, the letter after `g`.
ROOMS = [
    ("/", "Overview", "o"), ("/tasks", "Tasks", "t"), ("/dead-letters", "Dead letters", "d"), ("/breakers", "Breakers", "b"),
    ("/recovery", "Recovery", "r"), ("/alerts", "Alerts", "a"), ("/agents", "Agents", "n"), ("/live", "Live tail", "l"),
    ("/settings", "Settings", "s"),
]
WIDE = {"width": 1280, "height": 900}
TABS = ["overview", "timeline", "attempts", "payload", "payment", "recovery"]

#: Asking who one is, and being told to sign in first, is how the door opens: the browser notes that answer as an error.
ALWAYS_ALLOWED = [r"status of 401 .*/api/v1/me$"]

#: Told to the page before its own scripts: a violation of the policy is an error like any other.
WATCH = """
    document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`POLICY ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
    window.addEventListener('unhandledrejection', (event) => console.error(`UNHANDLED ${event.reason?.stack ?? event.reason}`));
"""

#: The page's own modules, by path: the same instances that the screens use.
MODULE = """(path) => import(document.querySelector('script[type="module"]').src.replace('main.js', path))"""


class View:
    """One page, watched."""

    def __init__(self, context: BrowserContext, api: Api, patience: int) -> None:
        self.context, self.api = context, api
        self.origin = api.server.url
        self.page: Page = context.new_page()
        self.page.set_default_timeout(patience)
        self.faults: list[str] = []
        self.allowed = list(ALWAYS_ALLOWED)
        self.requests: list[str] = []
        self.loads = 0
        self.page.add_init_script(WATCH)
        self.page.on("console", lambda message: message.type == "error" and self._fault(f"{message.text} at {message.location['url']}"))
        self.page.on("pageerror", lambda error: self._fault(f"EXCEPTION {error} {error.stack or ''}"))
        self.page.on("crash", lambda _: self._fault("CRASH"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("domcontentloaded", lambda _: setattr(self, "loads", self.loads + 1))

    # What it must never do

    def _fault(self, text: str) -> None:
        self.faults.append(text)

    def _dialog(self, dialog: Any) -> None:
        self._fault(f"DIALOG {dialog.type} {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((self.origin + "/", "data:", "blob:")):
            self._fault(f"ELSEWHERE {request.url}")

    def allow(self, *patterns: str) -> View:
        """Complaints that belong to the test, such as the browser's note of a refusal that the test provokes."""
        self.allowed += patterns
        return self

    @property
    def complaints(self) -> list[str]:
        return [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self.allowed)]

    @property
    def title(self) -> str:
        try:
            return self.page.url
        except Error:
            return "closed"

    def report(self, name: str) -> str:
        """For a test that failed: a picture, and what the page said."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        picture = SHOTS / f"{re.sub(r'[^A-Za-z0-9]+', '-', name)[:80]}-{id(self) % 1000:03d}.png"
        try:
            self.page.screenshot(path=picture, timeout=5000)
        except Error as error:
            return f"no picture: {error}\n" + "\n".join(self.faults)
        return "\n".join([f"picture: {picture}", f"loaded {self.loads} times", *self.faults])

    def forget(self) -> None:
        """Ends the page and what it has stored."""
        try:
            self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        except Error:
            pass  # it may have crashed, which its test has told
        self.page.close()

    # Going

    def load(self, path: str = "/") -> View:
        """A navigation, as when an address is typed."""
        self.page.goto(self.origin + path)
        return self.ready()

    def ready(self) -> View:
        expect(self.page.locator("k-frame, k-sign-in").first).to_be_visible()
        return self

    def go(self, path: str) -> View:
        """To another screen, without loading the page anew."""
        self.page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)
        return self

    def live(self) -> View:
        expect(self.pill).to_have_text("Live")
        return self

    def settled(self) -> View:
        """Nothing is on its way any more."""
        expect(self.page.locator(".skeleton:visible")).to_have_count(0)
        return self

    @property
    def place(self) -> str:
        return self.page.url.removeprefix(self.origin)

    def module(self, path: str, use: str, *arguments: Any) -> Any:
        """Runs `use`, a function of a module of the page and of arguments, in the page."""
        return self.page.evaluate(f"async ([path, ...rest]) => await ({use})(await ({MODULE})(path), ...rest)", [path, *arguments])

    # What is there

    def find(self, selector: str, **options: Any) -> Locator:
        return self.page.locator(selector, **options)

    def button(self, name: str | re.Pattern[str], within: Locator | None = None, *, exact: bool = False) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=exact)

    @property
    def pill(self) -> Locator:
        return self.find("button.connection")

    @property
    def search(self) -> Locator:
        return self.page.get_by_role("combobox", name="Filter tasks")

    @property
    def dialog(self) -> Locator:
        return self.find("dialog[open]")

    @property
    def panel(self) -> Locator:
        return self.find(".split-panel")

    @property
    def toasts(self) -> Locator:
        return self.find(".toasts")

    @property
    def rows(self) -> Locator:
        return self.find("tr[data-key]")

    def row(self, item: JSON) -> Locator:
        """The row of a task or a dead letter in a list."""
        return self.find(f"tr[data-key='{item['id']}']")

    def show_new(self, number: int) -> None:
        """Lets the rows come that have waited."""
        pill = self.find(".pill.is-new")
        expect(pill).to_have_text(f"{number} new")
        pill.click()
        expect(pill).to_be_hidden()

    def active(self, task: JSON) -> Locator:
        """The row of a task in the Active Tasks panel."""
        return self.find(f".active-row[data-task='{task['id']}']")

    def badge(self, room: str) -> Locator:
        return self.find(f"a.rail-link[href='{room}'] .badge")

    def menu(self, name: str | re.Pattern[str], item: str, within: Locator | None = None) -> None:
        """Opens a menu and takes one of its items."""
        self.button(name, within).click()
        self.page.get_by_role("menu").and_(self.find(":popover-open")).locator(".menu-item", has_text=item).click()

    def focused(self) -> str:
        """What has the focus, in words for assertions."""
        return self.page.evaluate("""() => {
            const one = document.activeElement;
            return one === document.body || !one ? 'body' : `${one.localName}.${one.className} ${one.getAttribute('aria-label') ?? one.textContent.trim().slice(0, 40)}`;
        }""")

    def collect(self) -> None:
        """Keeps every event that the page's store takes in from now on."""
        self.module("core/store.js", "({store}) => { window.collected = []; store.on('events', (events) => collected.push(...events)); }")

    def collected(self) -> list[list[Any]]:
        """`[task, seq, type]` of all of them, in the order in which they came."""
        return self.page.evaluate("() => collected.map((event) => [event.task_id, event.seq, event.type])")


class Views:
    """All pages of a test."""

    none: list[View] = []

    def __init__(self, browser: Browser, patience: int, kept: list[BrowserContext]) -> None:
        self.browser, self.patience, self.kept = browser, patience, kept
        self.contexts: list[BrowserContext] = []
        self.plain: list[BrowserContext] = []
        self.all: list[View] = []

    def __iter__(self) -> Iterator[View]:
        return iter(self.all)

    def context(self, **options: Any) -> BrowserContext:
        """A browser of its own: other cookies, other settings. A plain one is emptied and used again, for its cache."""
        if not options:
            self.plain.append(self.kept.pop() if self.kept else self.browser.new_context(viewport=WIDE))
            return self.plain[-1]
        self.contexts.append(self.browser.new_context(**({"viewport": WIDE} | options)))
        return self.contexts[-1]

    def door(self, api: Api, path: str = "/", **options: Any) -> View:
        """A page of somebody who is not signed in."""
        return self._view(self.context(**options), api).load(path)

    def open(self, api: Api, path: str = "/", *, beside: View | None = None, script: str | None = None, **options: Any) -> View:
        """A page of whom the key belongs to; `beside`: another tab of the same browser."""
        context = beside.context if beside else self.context(**options)
        if not beside:
            sign_in(context, api)
        return self._view(context, api, script).load(path)

    def open_at(self, api: Api, origin: str, path: str, beside: View | None = None) -> View:
        """A page that reaches the server by another address, such as a relay's."""
        context = beside.context if beside else self.context()
        if not beside:
            sign_in(context, api)
        view = self._view(context, api)
        view.origin = origin
        return view.load(path)

    def _view(self, context: BrowserContext, api: Api, script: str | None = None) -> View:
        self.all.append(View(context, api, self.patience))
        if script:
            self.all[-1].page.add_init_script(script)
        return self.all[-1]

    def close(self) -> list[str]:
        faults = [f"{view.title}: {fault}" for view in self.all for fault in view.complaints]
        for view in self.all:
            view.forget()
        for context in self.contexts:
            context.close()
        for context in self.plain:
            context.clear_cookies()
            self.kept.append(context)
        self.all, self.contexts, self.plain = [], [], []
        return faults


def sign_in(context: BrowserContext, api: Api) -> None:
    answer = context.request.post(api.server.url + "/api/v1/session", data={"key": api.key})
    assert answer.ok, answer.text()


def answered(view: View, path: str, method: str = "GET") -> Any:
    """Waits for the next answer of the API to such a request: `with answered(view, "/tasks?"): …`."""
    def fits(response: Response) -> bool:
        return response.request.method == method and response.url.startswith(view.origin + "/api/v1" + path)
    return view.page.expect_response(fits)
