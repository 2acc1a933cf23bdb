"""Query parameters of lists: what several of one name mean, and where faults are."""

from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import QueryParams

from claudetools.domains.clients import CLIENTS
from claudetools.kit.resource.parameters import described, read_parameters
from claudetools.kit.resource.query import query_schema

SCHEMA: Any = query_schema(CLIENTS)


def test_of_several_values_the_last_counts_unless_a_list_is_taken() -> None:
    sent = QueryParams("name=a&name=b&name__in=a&name__in=b,c&limit=7")
    found = read_parameters(SCHEMA, sent)
    assert (found.name, found.name__in, found.limit) == ("b", ["a", "b", "c"], 7)
    assert found.model_fields_set == {"name", "name__in", "limit"}


def test_nothing_sent_means_the_defaults() -> None:
    found = read_parameters(SCHEMA, QueryParams(""))
    assert (found.sort, found.limit, found.total, found.name) == ("name", 50, False, None)
    assert found.model_fields_set == set()


@pytest.mark.parametrize("text", ["nom=1", "nom=1&nom=2", "limit=x", "limit=1&limit=x", "is_active=", "type__in=x,y"])
def test_each_fault_names_its_parameter(text: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        read_parameters(SCHEMA, QueryParams(text))
    assert {fault["loc"][:2] for fault in caught.value.errors()} == {("query", text.partition("=")[0])}


def test_every_parameter_is_described() -> None:
    parameters = {parameter["name"]: parameter for parameter in described(SCHEMA)["parameters"]}
    assert set(parameters) == set(SCHEMA.model_fields)
    assert parameters["limit"]["schema"]["maximum"] == 500
    assert "descending" in parameters["sort"]["description"]
    assert {parameter["in"] for parameter in parameters.values()} == {"query"}
