"""What holds for many operations, written into the OpenAPI document in one place."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from claudetools.api.security import CHANGE_MESSAGE
from claudetools.kit.audit.events import MESSAGE_LENGTH
from claudetools.kit.http.idempotency import HEADER
from claudetools.kit.http.problems import ProblemDocument, problem_responses

IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again with the same body, the request is not carried out twice: its first reply is repeated.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
CHANGE_MESSAGE_HEADER = {
    "name": CHANGE_MESSAGE,
    "in": "header",
    "required": False,
    "description": "Why: one line in UTF-8, kept with the events of this change. Secrets are taken out of it.",
    "schema": {"type": "string", "maxLength": MESSAGE_LENGTH},
}


def complete_document(app: FastAPI) -> None:
    """Let the document of `app` tell of problems, rate limits and idempotency keys."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = original()
            schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(schema.pop("$defs", {}))
            schemas["ProblemDocument"] = schema
            for method, path, operation in _operations(document):
                _complete(method, path, operation)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def _complete(method: str, path: str, operation: dict[str, Any]) -> None:
    statuses = [] if path.startswith("/api/health/") else [429]
    if method == "post" and operation.get("security"):
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        statuses += [409, 422]
    if method != "get" and operation.get("security"):
        operation.setdefault("parameters", []).append(CHANGE_MESSAGE_HEADER)
        statuses += [422]
    if "requestBody" in operation:
        statuses += [400, 413]
    if method == "get":
        # Refused before any code of this service sees it.
        operation["responses"].setdefault("400", {"description": "The address is longer than 64 KiB, or not HTTP"})
    for status, response in problem_responses(*statuses).items():
        operation["responses"].setdefault(str(status), response)
