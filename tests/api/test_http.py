"""Every response: its id, its headers, its log line; and requests that are broken on the wire."""

import asyncio
import json
from typing import Any
from unittest.mock import AsyncMock

import httpx2
import pytest
from fastapi import FastAPI, Request

from claudetools import __version__
from claudetools.kit.http import middleware, problems
from claudetools.kit.http.middleware import RequestContext
from claudetools.kit.problems import Unavailable
from tests.contract.problems import problem
from tests.fixtures.application import Application, running_application
from tests.fixtures.people import PASSWORD


async def test_every_response_bears_its_id_and_the_security_headers(api: Application) -> None:
    owner = await api.people.add()
    replies = [
        await api.anonymous.get("/health/live"),
        await owner.get("/clients"),
        await owner.post("/clients", {"name": ""}),
        await api.anonymous.get("/clients"),
        await api.anonymous.get("/nothing"),
    ]
    ids = [reply.headers["x-request-id"] for reply in replies]
    assert len(set(ids)) == len(ids)
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["cache-control"] == "no-store"


async def test_a_callers_request_id_is_not_taken_over(api: Application) -> None:
    reply = await api.anonymous.get("/health/live", headers={"X-Request-Id": "mine\tforged"})
    assert "mine" not in reply.headers["x-request-id"]


async def test_health_needs_no_token(api: Application) -> None:
    assert (await api.anonymous.get("/health/live")).json() == {"status": "live", "version": __version__}
    assert (await api.anonymous.get("/health/ready")).json() == {"status": "ready", "version": __version__}


async def test_it_is_not_ready_before_its_index_is(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.services.memory, "is_loaded", False)
    reply = await api.anonymous.get("/health/ready")
    problem(reply, 503)
    assert int(reply.headers["retry-after"]) > 0


async def test_it_is_not_ready_without_its_database(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: object) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(type(api.services.database), "read", lambda self, unit: away(unit))
    reply = await api.anonymous.get("/health/ready")
    problem(reply, 503)
    assert reply.headers["retry-after"]


async def test_a_fault_of_the_service_tells_nothing_and_is_logged(
    api: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[Exception] = []
    monkeypatch.setattr(middleware.logger, "error", lambda *_, exc_info, **__: logged.append(exc_info), raising=False)

    async def broken(*_: object) -> None:
        raise RuntimeError("the inner secret")

    owner = await api.people.add()
    await owner.get("/auth/me")
    monkeypatch.setattr(type(api.services.database), "read", broken)
    reply = await owner.get("/clients")
    document = problem(reply, 500)
    assert "inner secret" not in reply.text
    assert [str(error) for error in logged] == ["the inner secret"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert document["request_id"] == reply.headers["x-request-id"]


async def raw(app: Any, headers: list[tuple[bytes, bytes]], chunks: list[bytes], path: str = "/api/clients") -> int:
    """Send a POST as it comes off the wire, and return the status of the response."""
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    statuses: list[int] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("service.test", 80),
    }
    await app(scope, receive, send)
    (status,) = statuses
    return status


JSON = (b"content-type", b"application/json")


@pytest.mark.parametrize("length", [b"99999999999", b"9" * 5000, b"-1", b"x", b"", b"1e3", b"0x10", b"\xff"])
@pytest.mark.parametrize("path", ["/api/clients", "/api/auth/login", "/mcp"])
async def test_a_declared_length_that_is_none_is_refused(api: Application, length: bytes, path: str) -> None:
    assert await raw(api.app, [JSON, (b"content-length", length)], [b"{}"], path) == 413


@pytest.mark.parametrize("path", ["/api/auth/login", "/mcp"])
async def test_a_body_may_come_in_pieces_but_not_without_end(api: Application, path: str) -> None:
    owner = await api.people.add()
    headers = [JSON, (b"authorization", f"Bearer {owner.token}".encode()), (b"accept", b"application/json")]
    assert await raw(api.app, headers, [b"x" * 1024 * 1024] * 9, path) == 413
    assert await raw(api.app, headers, [b"{", b"}"], path) in (400, 422)


@pytest.mark.parametrize("name", [b"authorization", b"content-type", b"if-match", b"user-agent", b"accept"])
@pytest.mark.parametrize("value", [b"\xff\xfe", b"", b"a" * 8000, b"\x00", b"caf\xe9; charset=\xff"])
async def test_no_header_breaks_the_service(api: Application, name: bytes, value: bytes) -> None:
    assert await raw(api.app, [(name, value)], [b"{}"], "/api/auth/login") in (401, 422)
    assert await raw(api.app, [JSON, (name, value)], [b"{}"], "/api/users") in (401, 422)


async def test_logging_in_keeps_an_odd_user_agent_short(api: Application) -> None:
    person = await api.people.add()
    for agent in ("x" * 5000, "caf\xe9", ""):
        reply = await api.http.post(
            "/api/auth/login",
            json={"email": person.email, "password": PASSWORD},
            headers=[(b"User-Agent", agent.encode("latin-1"))],
        )
        assert reply.status_code == 200


async def test_a_request_is_logged_without_its_query_or_body(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(
        middleware.logger, "info", lambda event, **more: lines.append({"event": event, **more}), raising=False
    )
    owner = await api.people.add()
    await owner.post("/clients?note=hidden-query", {"name": "hidden-body"})
    (line,) = lines
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/clients", 201)
    assert "hidden" not in json.dumps(line)


@pytest.fixture
async def bare() -> Any:
    """An application of two routes behind the same middleware."""
    app = FastAPI()
    problems.install(app, AsyncMock())
    app.add_middleware(RequestContext, note=lambda facts: None, max_body_bytes=10)

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("inner")

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bare.test") as http:
        yield http


async def test_the_limit_is_met_to_the_byte(bare: httpx2.AsyncClient) -> None:
    async def pieces(*parts: bytes) -> Any:
        for part in parts:
            yield part

    assert (await bare.post("/echo", content=b"x" * 10)).json() == {"bytes": 10}
    assert (await bare.post("/echo", content=pieces(b"x" * 5, b"x" * 5))).json() == {"bytes": 10}
    problem(await bare.post("/echo", content=b"x" * 11), 413)
    problem(await bare.post("/echo", content=pieces(b"x" * 5, b"x" * 6)), 413)


async def test_a_bug_is_answered_like_any_other_problem(bare: httpx2.AsyncClient) -> None:
    reply = await bare.get("/broken")
    assert "inner" not in reply.text
    problem(reply, 500)


async def test_requests_at_once_keep_their_ids_apart(bare: httpx2.AsyncClient) -> None:
    replies = await asyncio.gather(*(bare.get("/nothing") for _ in range(20)))
    assert len({problem(reply, 404)["request_id"] for reply in replies}) == 20


async def test_docs_can_be_closed(api: Application, database_url: str) -> None:
    async with running_application(database_url, api.services.settings.home, docs_enabled=False) as closed:
        for path in ("/docs", "/openapi.json"):
            problem(await closed.anonymous.get(path), 404)
    for path in ("/docs", "/openapi.json"):
        assert (await api.anonymous.get(path)).status_code == 200
