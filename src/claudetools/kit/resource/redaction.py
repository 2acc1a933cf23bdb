"""Taking secrets out of column values before they are stored."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.redact import Redactor
from claudetools.kit.resource.declare import Values

SERVICE = "redactor"


def redact_values(session: AsyncSession, values: Values, schema: type[BaseModel], *names: str) -> None:
    """Replace secrets in the named column values, text or nested; names that are not in `values` are passed over.

    What stands for a secret can be longer than the secret, so each text is cut to what its field in `schema` takes:
    otherwise a record could outgrow the schema that it is read with.

    Raises:
        TypeError: the database of `session` has no redactor; nothing is ever stored unredacted instead.
    """
    if not any(values.get(name) for name in names):
        return
    redactor = redactor_of(session)
    for name in names:
        if values.get(name):
            values[name] = cut_to_field(redactor.redact_value(values[name]), schema, name)


def cut_to_field(value: Any, schema: type[BaseModel], name: str) -> Any:
    """Return a redacted value with each text cut to what the field `name` of `schema` takes."""
    return _cut(value, _limit(schema, name))


def redactor_of(session: AsyncSession) -> Redactor:
    """Return the redactor that belongs to the database of `session`.

    Raises:
        TypeError: it has none.
    """
    redactor = session.info.get(SERVICE)
    if not isinstance(redactor, Redactor):
        raise TypeError("this database has no redactor")
    return redactor


@cache
def _limit(schema: type[BaseModel], name: str) -> int | None:
    """Return how many characters a text field, or each text of a list field, may have; None for no limit."""
    field = schema.model_json_schema()["properties"][name]
    for form in field.get("anyOf", [field]):
        text = form.get("items", form)
        if "maxLength" in text:
            return int(text["maxLength"])
    return None


def _cut(value: Any, limit: int | None) -> Any:
    if isinstance(value, str):
        return value[:limit]
    return [_cut(part, limit) for part in value] if isinstance(value, list) else value
