"""The form in which kept records are put out: the types of the schema for reading, not its checks."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from claudetools.kit.resource.schema import Amount, Input, Label, Moment, Output, kept_form


def refuse(value: str) -> str:
    raise ValueError(value)


class Kind(StrEnum):
    ONE = "one"


class Part(BaseModel):
    number: int


class Read(Input, Output):
    model_config = Output.model_config

    name: Annotated[str, Field(max_length=3), AfterValidator(refuse)]
    note: Annotated[Label, AfterValidator(refuse)] | None
    words: list[Annotated[str, AfterValidator(refuse)]]
    ids: list[UUID] | None
    parts: list[Part]
    kind: Kind | None
    price: Amount
    at: Moment | None


def test_what_was_checked_on_its_way_in_is_not_checked_on_its_way_out() -> None:
    at, id = datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)
    values = {
        "name": "longer",
        "note": "",
        "words": ["x" * 1000],
        "ids": [str(id)],
        "parts": [{"number": 1}],
        "kind": Kind.ONE,
        "price": Decimal("1.50"),
        "at": at,
    }
    kept = kept_form(Read, "Kept").model_validate(values)
    assert kept.model_dump() == values | {"ids": [id]}
    assert (
        Read.model_construct(**kept.model_dump() | {"parts": [Part(number=1)]}).model_dump_json()
        == kept.model_dump_json()
    )
    nothing = dict.fromkeys(("note", "ids", "kind", "at"))
    assert kept_form(Read, "Kept").model_validate(values | nothing).model_dump().items() >= nothing.items()
