"""Query parameters of lists, checked by a schema.

A list takes a parameter for each operator of each filter, often a hundred. The framework would look for every one of
them in each request; here only those that were sent are looked at.
"""

import typing
from functools import cache
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

Q = TypeVar("Q", bound=BaseModel)


def described(schema: type[BaseModel]) -> dict[str, Any]:
    """Return what an OpenAPI operation says of the parameters in `schema`. Types it names are described elsewhere."""
    properties = schema.model_json_schema(ref_template="#/components/schemas/{model}")["properties"]
    parameters = []
    for name, kind in properties.items():
        parameter = {"name": name, "in": "query", "required": False, "schema": kind}
        if "description" in kind:
            parameter["description"] = kind["description"]
        parameters.append(parameter)
    return {"parameters": parameters}


def read_parameters(schema: type[Q], sent: QueryParams) -> Q:
    """Return the parameters of a request. Of one sent several times the last counts, unless it takes a list.

    Raises:
        RequestValidationError: a parameter is unknown or its value is not valid.
    """
    lists = _lists(schema)
    try:
        return schema.model_validate({name: sent.getlist(name) if name in lists else sent[name] for name in sent})
    except ValidationError as error:
        faults = [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None


@cache
def _lists(schema: type[BaseModel]) -> frozenset[str]:
    """Return the names of the parameters that take several values."""
    return frozenset(name for name, info in schema.model_fields.items() if _takes_list(info.annotation))


def _takes_list(annotation: Any) -> bool:
    return typing.get_origin(annotation) is list or any(map(_takes_list, typing.get_args(annotation)))
