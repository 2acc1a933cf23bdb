"""The lanes of the chain: several writers add events at the same time, each to a lane that it holds to its commit.

One lane alone would let one transaction commit at a time. SQLite does that anyway and has one; MariaDB has `LANES`.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, String, TextClause, bindparam, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from claudetools.kit.audit.chain import GENESIS, HEAD, ChainKeys, canonical, row_hash
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.clock import now
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.db.base import Base
from claudetools.kit.db.session import is_conflict, is_connection_lost
from claudetools.kit.db.types import Instant
from claudetools.kit.logging import log
from claudetools.kit.problems import Unavailable

LANES = 16
OLD_LANE = -1
"""Holds the events from before there was a chain: they have hashes but no MACs, and no more are added."""
CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far the clock of one host may be behind another's before an event is flagged."""
logger = log(__name__)


class AuditLane(Base):
    """Where a lane stands: number and hash of its last event. `at` is the latest instant in it.

    The MAC keeps whoever can only write to the database from moving it. A lane without events needs none.
    """

    __tablename__ = "audit_lanes"

    lane: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    head_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime | None] = mapped_column(Instant)
    mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    key_id: Mapped[str | None] = mapped_column(String(64))


COLUMNS = tuple(AuditLane.__table__.c)
CHANGING = ("seq", "head_hash", "at", "mac", "key_id")
# Made once and run past the session: what they cost, every write costs.
_FROM = select(*COLUMNS).where(AuditLane.lane >= bindparam("first")).order_by(AuditLane.lane).limit(1)
_FREE, _WAITING = _FROM.with_for_update(skip_locked=True), _FROM.with_for_update()
_ADD = AuditEvent.__table__.insert()  # type: ignore[attr-defined]
_MOVE = AuditLane.__table__.update().where(AuditLane.lane == bindparam("moved"))  # type: ignore[attr-defined]
_MOVED = _MOVE.values({name: bindparam(f"new_{name}") for name in CHANGING})


def _add_and_move() -> TextClause:
    """Return one statement for MariaDB that adds a single event and moves the head: a trip less while it is locked."""
    event, lane = AuditEvent.__table__.c, AuditLane.__table__.c
    names, sets = ", ".join(f"`{column.key}`" for column in event), ", ".join(f"{n} = :new_{n}" for n in CHANGING)
    values = ", ".join(f":{column.key}" for column in event)
    add = f"INSERT INTO audit_events ({names}) VALUES ({values})"  # noqa: S608 - names of our own columns
    move = f"UPDATE audit_lanes SET {sets} WHERE lane = :moved"  # noqa: S608 - as above
    both = text(f"BEGIN NOT ATOMIC {add}; {move}; END")
    of_event = [bindparam(column.key, type_=column.type) for column in event]
    return both.bindparams(
        bindparam("moved"), *of_event, *(bindparam(f"new_{name}", type_=lane[name].type) for name in CHANGING)
    )


_ADD_AND_MOVE = _add_and_move()


def head_bytes(head: Mapping[str, Any]) -> bytes:
    """Return what the MAC of a lane's head covers."""
    return canonical([HEAD, *(head[name] for name in ("lane", "seq", "head_hash", "at", "key_id"))])


def append(session: Session, keys: ChainKeys, events: list[dict[str, Any]]) -> None:
    """Add events to the end of a free lane, as the last statements of the session's transaction.

    Raises:
        Unavailable: they cannot be stored, or the lane was tampered with. Nothing may be committed.
    """
    try:
        _append(session, keys, events)
    except DBAPIError as error:
        if is_conflict(error) or is_connection_lost(error):
            raise
        logger.error("audit events cannot be stored", error=str(error.orig)[:300])
        raise Unavailable("The audit trail cannot be written, so nothing was changed.") from error


def _append(session: Session, keys: ChainKeys, events: list[dict[str, Any]]) -> None:
    connection = session.connection()
    head = _locked_head(connection)
    _check(keys, head)
    at, seq, previous = now(), head["seq"], head["head_hash"]
    is_behind, latest = head["at"] is not None and at < head["at"] - CLOCK_TOLERANCE, max(at, head["at"] or at)
    key_id, lane, rows = keys.current_id, head["lane"], []
    for event in events:
        seq += 1
        row = event | {
            "at": at,
            "is_clock_behind": is_behind,
            "lane": lane,
            "seq": seq,
            "prev_hash": previous,
            "key_id": key_id,
        }
        row["row_hash"] = previous = row_hash(row)
        row["mac"] = keys.mac(previous, key_id)
        rows.append(row)
    moved = {"lane": lane, "seq": seq, "head_hash": previous, "at": latest, "key_id": key_id}
    moved["mac"] = keys.mac(head_bytes(moved), key_id)
    new = {"moved": lane} | {f"new_{name}": moved[name] for name in CHANGING}
    if len(rows) == 1 and connection.dialect.name == "mariadb":
        connection.execute(_ADD_AND_MOVE, rows[0] | new)
        return
    connection.execute(_ADD, rows)
    connection.execute(_MOVED, new)


def _locked_head(connection: Connection) -> Mapping[str, Any]:
    """Return the head of a lane that nobody else can move before this transaction ends."""
    somewhere = random.randrange(LANES)  # noqa: S311 - spreads load
    for statement, first in ((_FREE, 0), (_WAITING, somewhere), (_WAITING, 0)):
        found = connection.execute(statement, {"first": first}).first()
        if found is not None:
            return dict(found._mapping)
    raise Unavailable("The audit trail has no lane to write to, so nothing was changed.")


def _check(keys: ChainKeys, head: Mapping[str, Any]) -> None:
    """Refuse to build on a head that was not made here: the next genuine one would hide that."""
    if head["seq"] == 0 and head["head_hash"] == GENESIS:
        return
    try:
        is_genuine = keys.is_genuine(head_bytes(head), head["key_id"] or "", head["mac"])
    except KeyProblem:
        is_genuine = False
    if not is_genuine:
        logger.error("the head of an audit lane is not genuine", lane=head["lane"], seq=head["seq"])
        raise Unavailable("The audit trail was tampered with, so nothing was changed. Run: claudetools audit verify")
