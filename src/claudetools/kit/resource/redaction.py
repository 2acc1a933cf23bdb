"""Taking secrets out of column values before they are stored."""

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.redact import Redactor
from claudetools.kit.resource.declare import Values

SERVICE = "redactor"


def redact_values(session: AsyncSession, values: Values, *names: str) -> None:
    """Replace secrets in the given column values, text or nested; names that are not in `values` are passed over.

    Raises:
        TypeError: the database of `session` has no redactor; nothing is ever stored unredacted instead.
    """
    redactor = session.info.get(SERVICE)
    if not isinstance(redactor, Redactor):
        raise TypeError("this database has no redactor")
    for name in names:
        if values.get(name):
            values[name] = redactor.redact_value(values[name])
