"""Query parameters described by a schema: read from a request, and written into the OpenAPI document.

The framework can do both, but rebuilds the fields of a schema on every request once there are more than 128 of them.
"""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

S = TypeVar("S", bound=BaseModel)


def read_parameters(request: Request, schema: type[S]) -> S:
    """Return the query parameters of a request; of one that is sent several times the last counts, save for lists.

    Raises:
        RequestValidationError: some are unknown or not valid.
    """
    given = request.query_params
    values = {name: given.getlist(name) if name.endswith("__in") else given[name] for name in given}
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        faults = [fault | {"loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None


def described(schema: type[BaseModel]) -> dict[str, Any]:
    """Return what the document says of an operation that takes the parameters of `schema`."""
    document = schema.model_json_schema()
    definitions = document.get("$defs", {})
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in document.get("required", ())}
            | ({"description": field["description"]} if "description" in field else {})
            | {"schema": _inlined(field, definitions)}
            for name, field in document["properties"].items()
        ]
    }


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            return definitions[part["$ref"].rpartition("/")[2]]
        return {key: _inlined(value, definitions) for key, value in part.items() if key != "description"}
    return [_inlined(each, definitions) for each in part] if isinstance(part, list) else part
