"""Rendering errors as `application/problem+json` (RFC 9457)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from claudetools.kit.problems import FieldError, Forbidden, NotFound, Problem, TooLarge, Unavailable

MEDIA_TYPE = "application/problem+json"


class ErrorItem(BaseModel):
    """One fault in the input."""

    pointer: str
    code: str
    message: str


class ProblemDocument(BaseModel):
    """The body of every error response."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str
    request_id: str | None = None
    errors: list[ErrorItem] = []


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the error responses with these statuses."""
    return {
        status: {"description": HTTPStatus(status).phrase}
        if status < 400
        else {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in statuses
    }


def render(
    request: Request,
    *,
    status: int,
    code: str,
    title: str,
    detail: str | None,
    errors: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return the response for one problem."""
    request.scope["problem_code"] = code
    body: dict[str, Any] = {
        "type": f"urn:claudetools:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "request_id": request.scope.get("request_id"),
        "errors": [{"pointer": e.pointer, "code": e.code, "message": e.message} for e in errors],
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problem_response(request: Request, problem: Problem) -> JSONResponse:
    """Return the response that tells of `problem`."""
    return render(
        request,
        status=problem.status,
        code=problem.code,
        title=problem.title,
        detail=problem.detail,
        errors=problem.errors,
        headers=problem.headers,
    )


def pointer(location: tuple[int | str, ...]) -> str:
    """Return where a validation error is: a JSON pointer into the body, or `?name` for a parameter."""
    place, *rest = location or ("body",)
    if place == "query":
        return "?" + ".".join(map(str, rest))
    if place in ("path", "header"):
        return f"{place}:" + ".".join(map(str, rest))
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest)


class BodyTooLarge(HTTPException):
    """The request body is over the limit of so many bytes.

    The framework takes any other exception that comes up while it reads a body for a fault in the body's syntax.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"A request may carry at most {limit} bytes. Send it in several parts.")


def too_large(request: Request, error: BodyTooLarge) -> JSONResponse:
    """Return the response to a body over the limit."""
    return render(
        request,
        status=TooLarge.status,
        code=TooLarge.code,
        title=TooLarge.title,
        detail=error.detail,
        headers={"Connection": "close"},
    )


def internal(request: Request) -> JSONResponse:
    """Return the response to a request that met a fault of the service."""
    return render(
        request,
        status=Problem.status,
        code=Problem.code,
        title=Problem.title,
        detail="This is a fault of the service. Report it with the request id.",
    )


def install(app: FastAPI, denied: Callable[[Request, Problem], Awaitable[None]]) -> None:
    """Make `app` answer every error with a problem document; `denied` is told first when a caller is refused.

    A record that is not there, or not the caller's to see, is a refusal too: the two are not told apart.
    """

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> JSONResponse:
        if isinstance(error, Forbidden | NotFound):
            try:
                await denied(request, error)
            except Unavailable as away:
                return problem_response(request, away)
        return problem_response(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = tuple(FieldError(pointer(e["loc"]), e["type"], e["msg"]) for e in error.errors()[:100])
        malformed = any(fault.code == "json_invalid" for fault in faults)
        return render(
            request,
            status=400 if malformed else 422,
            code="bad_request" if malformed else "invalid",
            title="The body is not valid JSON" if malformed else "Some values are not valid",
            detail="; ".join(f"{fault.pointer or 'body'}: {fault.message}" for fault in faults[:5]),
            errors=faults,
        )

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        return render(
            request,
            status=error.status_code,
            code=phrase.lower().replace(" ", "_"),
            title=phrase,
            detail=None,
            headers=dict(error.headers or {}),
        )

    @app.exception_handler(BodyTooLarge)
    async def on_too_large(request: Request, error: BodyTooLarge) -> JSONResponse:
        return too_large(request, error)
