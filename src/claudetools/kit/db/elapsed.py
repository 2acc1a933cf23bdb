"""The time between two instants, in SQL, to the millisecond on every database."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class ElapsedMilliseconds(FunctionElement[int]):
    """Whole milliseconds from one `Instant` column to a later one, begun ones not counted; null when either is."""

    type = BigInteger()
    inherit_cache = True


@compiles(ElapsedMilliseconds, "sqlite")
def _on_sqlite(element: ElapsedMilliseconds, compiler: SQLCompiler, **more: Any) -> str:
    start, end = (compiler.process(part, **more) for part in element.clauses)
    # SQLite's own dates are exact to a millisecond, which is not enough to tell whether one is over.
    seconds = f"(strftime('%s', substr({end}, 1, 19)) - strftime('%s', substr({start}, 1, 19)))"
    return f"(({seconds} * 1000000 + substr({end}, 21, 6) - substr({start}, 21, 6)) / 1000)"


@compiles(ElapsedMilliseconds, "mysql", "mariadb")
def _on_mariadb(element: ElapsedMilliseconds, compiler: SQLCompiler, **more: Any) -> str:
    start, end = (compiler.process(part, **more) for part in element.clauses)
    return f"(TIMESTAMPDIFF(MICROSECOND, {start}, {end}) DIV 1000)"
