"""The dashboard's door: its page and files, signing in by key or link, and what a browser's session may."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from harness import ADMIN_KEY, BINARY, Api, assert_problem, eventually

WEB = Path(__file__).parents[2] / "Sources" / "CDashboard" / "web"
FILES = sorted(str(path.relative_to(WEB)) for path in WEB.rglob("*")
               if path.is_file() and not path.name.startswith(".") and path.name not in ("openapi.json", "index.html"))
OURS = {"Sec-Fetch-Site": "same-origin"}
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
       "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
       "require-trusted-types-for 'script'; trusted-types kintsugi")
PAGES = ["/", "/tasks", "/tasks/0198f3c2-0000-7000-8000-000000000000", "/dead-letters", "/dead-letters/x", "/breakers",
         "/recovery", "/alerts", "/agents", "/agents/x", "/live", "/settings", "/sign-in"]


def browser() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def sign_in(api: Api, **credential: str) -> requests.Session:
    session = browser()
    answer = session.post(api.server.url + "/api/v1/session", json=credential, headers=OURS, timeout=10)
    assert answer.status_code == 200, answer.text
    return session


def me(api: Api, session: requests.Session) -> requests.Response:
    return session.get(api.server.url + "/api/v1/me", timeout=10)


def prefix(api: Api) -> str:
    found = re.search(r"/assets/[^/]+/", requests.get(api.server.url, timeout=10).text)
    assert found
    return found[0]


# Files


def test_every_address_of_the_dashboard_is_its_page_without_a_key(api: Api) -> None:
    for path in PAGES:
        page = requests.get(api.server.url + path, timeout=10)
        assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Content-Security-Policy"] == CSP
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert page.headers["Cache-Control"] == "no-cache" and page.headers["Vary"] == "Accept-Encoding"
        assert "{{" not in page.text and f'href="{prefix(api)}' in page.text
        head = requests.head(api.server.url + path, timeout=10, headers={"Accept-Encoding": "gzip"})
        assert head.status_code == 200 and not head.content and head.headers["ETag"] == page.headers["ETag"]
        known = requests.get(api.server.url + path, timeout=10, headers={"If-None-Match": page.headers["ETag"]})
        assert known.status_code == 304 and not known.content


def test_the_page_names_the_modules_that_it_begins_with(api: Api) -> None:
    named = set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', requests.get(api.server.url, timeout=10).text))
    wanted, waiting = set(), ["main.js"]
    while waiting:
        path = waiting.pop()
        if path not in wanted:
            wanted.add(path)
            statics = re.findall(r"""^(?:import|export|\} from)\b[^'(\n]*'(\.[^']+)'""", (WEB / path).read_text(), re.MULTILINE)
            waiting += [os.path.normpath(os.path.join(os.path.dirname(path), one)) for one in statics]
    assert named == {prefix(api) + path for path in wanted} and len(wanted) > 20


def test_the_binary_holds_the_repositorys_files(api: Api) -> None:
    assert "main.js" in FILES
    for file in FILES:
        url, plain = api.server.url + prefix(api) + file, {"Accept-Encoding": "identity"}
        answer = requests.get(url, headers=plain, timeout=10)
        assert answer.status_code == 200 and answer.content == (WEB / file).read_bytes(), f"{file}: build again"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"].split(";")[0] in ("text/javascript", "text/css", "image/svg+xml")
        assert "Content-Encoding" not in answer.headers
        with requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=10, stream=True) as packed:
            raw = packed.raw.read(decode_content=False)
            if packed.headers.get("Content-Encoding") == "gzip":
                assert len(raw) < len(answer.content) and gzip.decompress(raw) == answer.content
                assert packed.headers["ETag"] != answer.headers["ETag"]
            else:
                assert raw == answer.content
        for headers in (plain, {"Accept-Encoding": "gzip"}):
            etag = requests.head(url, headers=headers, timeout=10).headers["ETag"]
            assert requests.get(url, headers=headers | {"If-None-Match": etag}, timeout=10).status_code == 304


def test_the_page_is_compressed_for_who_takes_it(api: Api) -> None:
    plain = requests.get(api.server.url, headers={"Accept-Encoding": "identity"}, timeout=10)
    packed = requests.get(api.server.url, headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert packed.headers["Content-Encoding"] == "gzip" and packed.content == plain.content


@pytest.mark.parametrize("path", [
    "/assets/0123456789abcdef/main.js", "/assets/dev/main.js", "/nowhere", "/tasks/a/b", "/index.html", "/main.js",
])
def test_what_is_not_there_is_a_problem(api: Api, path: str) -> None:
    answer = requests.get(api.server.url + path, timeout=10)
    assert answer.status_code == 404 and answer.headers["Cache-Control"] == "no-store"
    assert_problem(answer)


def test_pages_and_files_are_only_read(api: Api) -> None:
    for path in ("/", "/tasks/x", prefix(api) + "main.js"):
        answer = requests.post(api.server.url + path, timeout=10)
        assert answer.status_code == 405 and set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}
        assert_problem(answer)


def test_a_browser_finds_an_icon(api: Api) -> None:
    assert requests.get(api.server.url + "/favicon.ico", timeout=10).headers["Content-Type"] == "image/svg+xml"


def test_files_of_a_folder_are_read_at_each_request(serve: Callable[..., Api], tmp_path: Path) -> None:
    web = tmp_path / "web"
    (web / "core").mkdir(parents=True)
    (web / "index.html").write_text("{{prefix}}\n{{preload}}")
    (web / "core" / "a.js").write_text("1")
    (web / "main.js").write_text("import './core/a.js';")
    (tmp_path / "secret.js").write_text("secret")
    (web / "out.js").symlink_to(tmp_path / "secret.js")
    api = serve(KINTSUGI_ASSETS=str(web))
    url = api.server.url + "/assets/dev/"
    assert requests.get(url + "core/a.js", timeout=10).text == "1"
    (web / "core" / "a.js").write_text("2")
    answer = requests.get(url + "core/a.js", timeout=10)
    assert answer.text == "2" and answer.headers["Cache-Control"] == "no-store"
    assert requests.get(api.server.url + "/agents/x", timeout=10).text.startswith("/assets/dev/\n<link rel=")
    for path in ("../secret.js", "%2e%2e/secret.js", "..%2fsecret.js", "core%2fa.js", "out.js", "index.html"):
        request = requests.Request("GET", url).prepare()
        request.url = url + path  # as it stands, not tidied up by the client
        assert_problem(browser().send(request, timeout=10))


def test_a_folder_without_a_page_is_refused(tmp_path: Path) -> None:
    done = subprocess.run([BINARY, "serve", "--data", tmp_path / "d", "--port", "0", "--assets", tmp_path],
                          text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 64 and "index.html" in done.stderr


# Sessions


def test_signing_in_by_key_sets_a_cookie_that_no_script_reads(api: Api) -> None:
    answer = api.anyone(None).call("POST", "/session", {"key": ADMIN_KEY}, expect=200)
    cookie = answer.headers["Set-Cookie"]
    assert re.fullmatch(
        r"kintsugi_session=[a-z0-9]+_[A-Za-z0-9]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800", cookie)
    who = answer.json()
    assert who["user_id"] == "admin" and who["role"] == "admin" and who["session"] is True
    session = sign_in(api, key=ADMIN_KEY)
    seen = me(api, session).json()
    assert seen["session"] is True and seen["server"] == who["server"] and who["server"]["epoch"]
    assert api.get("/me")["session"] is False


def test_the_cookie_is_secure_where_the_world_comes_by_https(serve: Callable[..., Api]) -> None:
    api = serve(KINTSUGI_PUBLIC_URL="https://kintsugi.example")
    answer = api.anyone(None).call("POST", "/session", {"key": ADMIN_KEY}, expect=200)
    assert answer.headers["Set-Cookie"].endswith("; Secure")


def test_the_link_that_serve_prints_opens_once(serve: Callable[..., Api]) -> None:
    api = serve()
    said = r"Dashboard \(opens once, within 15 min\): (http://\S+)/sign-in#token=([A-Za-z0-9]{32})\n"
    link = eventually(lambda: re.search(said, api.server.log.read_text()), "the link is printed")
    assert link[1] == api.server.url
    session = sign_in(api, token=link[2])
    assert me(api, session).json()["role"] == "admin"
    problem = api.anyone(None).refused(401, "POST", "/session", {"token": link[2]})
    assert "key" in problem["detail"]


@pytest.mark.parametrize("body", [{}, {"key": "a", "token": "b"}, {"key": 1}, {"key": None}, {"key": "a", "more": 1}])
def test_exactly_one_credential_is_taken(api: Api, body: dict[str, object]) -> None:
    assert api.anyone(None).refused(422, "POST", "/session", body)["errors"]


def test_a_session_survives_sigkill_and_ends_by_signing_out(serve: Callable[..., Api]) -> None:
    api = serve()
    session, other = sign_in(api, key=ADMIN_KEY), sign_in(api, key=ADMIN_KEY)
    api.server.restart()
    assert me(api, session).status_code == 200
    cookies = dict(session.cookies)
    out = session.delete(api.server.url + "/api/v1/session", headers=OURS, timeout=10)
    assert out.status_code == 204 and not session.cookies
    session.cookies.update(cookies)
    for _ in range(2):
        assert_problem(me(api, session))
        assert me(api, session).status_code == 401 and me(api, other).status_code == 200
        api.server.restart()
    api.server.kill()
    verified = subprocess.run([BINARY, "verify", "--data", api.server.data], capture_output=True, text=True, timeout=60,
                              check=False)
    assert verified.returncode == 0, verified.stdout


def test_a_revoked_key_ends_its_sessions(api: Api) -> None:
    made = api.post("/api-keys", {"name": "k", "role": "operator", "user_id": "ann"})
    session = sign_in(api, key=made["key"])
    assert me(api, session).status_code == 200
    api.call("DELETE", f"/api-keys/{made['id']}", expect=204)
    assert me(api, session).status_code == 401


def test_other_sites_cannot_use_a_session(api: Api) -> None:
    session, url = sign_in(api, key=ADMIN_KEY), api.server.url + "/api/v1/tasks"
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil"},
                    {"Sec-Fetch-Site": "cross-site", "Origin": api.server.url}):
        answer = session.post(url, json={"type": "t"}, headers=headers, timeout=10)
        assert answer.status_code == 403 and "Sec-Fetch-Site" in answer.json()["detail"]
        assert_problem(answer)
    for headers in (OURS, {"Sec-Fetch-Site": "none"}, {"Origin": api.server.url}):
        assert session.post(url, json={"type": "t"}, headers=headers, timeout=10).status_code == 201


def follow(api: Api, session: requests.Session, topic: str) -> requests.Response:
    stream = session.get(api.server.url + "/api/v1/stream", params={"topics": topic}, stream=True, timeout=30)
    assert stream.status_code == 200, stream.text
    return stream


def test_a_stream_ends_with_its_session_and_no_other_does(api: Api) -> None:
    one, other = sign_in(api, key=ADMIN_KEY), sign_in(api, key=ADMIN_KEY)
    ended, kept = follow(api, one, "all"), follow(api, other, "all")
    assert one.delete(api.server.url + "/api/v1/session", headers=OURS, timeout=10).status_code == 204
    for _ in ended.iter_lines():  # ends, or the read times out
        pass
    task = api.task()
    assert any(task["id"] in line.decode() for line in kept.iter_lines())
    kept.close()


def test_a_stream_ends_with_the_key_that_its_session_was_made_with(api: Api) -> None:
    made = api.post("/api-keys", {"name": "k", "role": "viewer", "user_id": "sue"})
    stream = follow(api, sign_in(api, key=made["key"]), "user_dashboard:sue")
    api.call("DELETE", f"/api-keys/{made['id']}", expect=204)
    for _ in stream.iter_lines():
        pass


def test_a_viewers_session_reads_and_no_more(api: Api) -> None:
    session = sign_in(api, key=api.as_user("vera", "viewer").key or "")
    assert session.get(api.server.url + "/api/v1/tasks", timeout=10).status_code == 200
    act = session.post(api.server.url + "/api/v1/tasks", json={"type": "t"}, headers=OURS, timeout=10)
    assert act.status_code == 403 and "viewer" in act.json()["detail"]


def test_who_guesses_is_slowed_down(serve: Callable[..., Api]) -> None:
    api = serve()
    stranger = api.anyone(None)
    for _ in range(10):
        stranger.refused(401, "POST", "/session", {"key": "ks_a_b"})
    answer = stranger.call("POST", "/session", {"key": ADMIN_KEY}, expect=429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert api.get("/me")["role"] == "admin"
