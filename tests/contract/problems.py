"""What every error response promises."""

from typing import Any

import httpx2

SAME_ELSEWHERE = ("instance", "request_id")


def problem(reply: httpx2.Response, status: int, pointer: str | None = None) -> dict[str, Any]:
    """Check that `reply` is a problem document with `status` (and a fault at `pointer`), and return it."""
    assert reply.status_code == status, f"{reply.status_code}: {reply.text}"
    assert reply.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = reply.json()
    assert set(document) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert document["status"] == status
    assert document["request_id"] == reply.headers["x-request-id"]
    if pointer is not None:
        assert pointer in [error["pointer"] for error in document["errors"]], document["errors"]
    return document


def told(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a problem document tells apart from the request it answers."""
    return {key: value for key, value in document.items() if key not in SAME_ELSEWHERE}
