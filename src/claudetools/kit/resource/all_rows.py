"""All rows of a query at once, for what can only be judged together: as many as are bearable, or a clear refusal."""

from collections.abc import Sequence
from typing import TypeVarTuple

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.problems import invalid

Columns = TypeVarTuple("Columns")


async def all_rows(
    session: AsyncSession, statement: Select[*Columns], most: int, pointer: str
) -> Sequence[Row[*Columns]]:
    """Return every row of `statement`.

    Raises:
        Invalid: there are more than `most`; `pointer` names the parameter that the caller can narrow it down by.
    """
    rows = (await session.execute(statement.limit(most + 1))).all()
    if len(rows) > most:
        raise invalid(pointer, f"This concerns more than {most:,} records. Ask for fewer of them.", "too_many")
    return rows
