"""Taking down changes as they are flushed, and storing them with the transaction that they belong to.

It listens to the session, so that no write of a record has to remember to say so. Statements that name no row of the
session (`update(...)`, `insert(...)`) pass it by; they are for counters, marks of use and derived rows. What is no
change of a record, such as revealing a secret, is noted by whoever does it.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import event, insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from claudetools.kit.audit.events import Action, AuditEvent
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import WritingSession
from claudetools.kit.ids import new_id
from claudetools.kit.logging import current_request_id
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.scope import Actor

SERVICE = "audit trail"
ENGINES_OWN = frozenset({"id", "created_at", "updated_at", "version"})
CHANGES = frozenset({Action.CREATE, Action.CHANGE, Action.DELETE})
_PENDING = "audit changes"
_MARKS = "audit marks"

acting: ContextVar[Actor | None] = ContextVar("acting", default=None)
"""Who the running request acts for; None where the service itself acts."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Under which name the changes of a model are stored, and which of its columns."""

    name: str
    columns: tuple[str, ...]

    @classmethod
    def of(cls, resource: Resource) -> "Audited":
        """Return what is audited of a resource: what callers can read, but for the engine's own and private columns."""
        columns = inspect(resource.model).columns
        left_out = {*ENGINES_OWN, *resource.private}
        return cls(resource.name, tuple(n for n in resource.read.model_fields if n in columns and n not in left_out))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    action: Action
    resource: str
    record_id: UUID | None
    client_id: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]


class AuditTrail:
    """Which models are audited. Hand it to a database as the service `SERVICE`."""

    def __init__(self, audited: Mapping[type[Record], Audited]) -> None:
        self._audited = dict(audited)

    def change(self, row: object, action: Action) -> _Change | None:
        """Return what is to be taken down of a row that was just flushed; None if nothing is."""
        audited = self._audited.get(type(row))  # type: ignore[arg-type]
        if audited is None or not isinstance(row, Record):
            return None
        before, after = _sides(row, audited.columns, action)
        if action is Action.CHANGE and not after:
            return None
        tenant = row.__tenant__  # type: ignore[attr-defined]
        owner = tenant.owner({column.key: getattr(row, column.key) for column in inspect(type(row)).columns})
        return _Change(
            action=action,
            resource=audited.name,
            record_id=row.id,
            client_id=owner,
            before=to_jsonable_python(before),
            after=to_jsonable_python(after),
        )


def _sides(row: Record, columns: tuple[str, ...], action: Action) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    for name in columns:
        history = inspect(row).attrs[name].history
        if action is Action.CHANGE:
            if history.has_changes() and list(history.added) != list(history.deleted):
                before[name] = history.deleted[0] if history.deleted else None
                after[name] = history.added[0] if history.added else None
        elif (value := getattr(row, name)) is not None:
            (after if action is Action.CREATE else before)[name] = value
    return before, after


@event.listens_for(WritingSession, "after_flush")
def _take_down(session: Session, _: object) -> None:
    trail = session.info.get(SERVICE)
    if trail is None:
        return
    flushed = ((Action.CREATE, session.new), (Action.CHANGE, session.dirty), (Action.DELETE, session.deleted))
    found = (trail.change(row, action) for action, rows in flushed for row in rows)
    session.info.setdefault(_PENDING, []).extend(change for change in found if change is not None)


def note(
    session: AsyncSession,
    action: Action,
    resource: str,
    record_id: UUID | None,
    *,
    client_id: UUID | None = None,
    details: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Store with the session's transaction that the running request does something that is no change of a record.

    `details` are values that JSON can hold, and hold no secret.
    """
    act = _Change(
        action=action,
        resource=resource,
        record_id=record_id,
        client_id=client_id,
        before={},
        after=to_jsonable_python(dict(details)),
    )
    session.sync_session.info.setdefault(_PENDING, []).append(act)


def _together(changes: Iterable[_Change]) -> list[_Change]:
    """Return one change for each record, from what it was before the transaction to what it is after it.

    Other acts stay as they are.
    """
    found: dict[object, _Change] = {}
    for change in changes:
        if change.action not in CHANGES:
            found[id(change)] = change
            continue
        key = change.resource, change.record_id
        first = found.pop(key, None)
        if first is None:
            found[key] = change
        elif change.action is Action.DELETE:
            if first.action is not Action.CREATE:
                found[key] = replace(change, before=change.before | first.before)
        else:
            before, after = change.before | first.before, first.after | change.after
            if first.action is Action.CREATE:
                found[key] = replace(first, after={name: value for name, value in after.items() if value is not None})
            elif changed := [name for name in after if before[name] != after[name]]:
                found[key] = replace(
                    first,
                    before={name: before[name] for name in changed},
                    after={name: after[name] for name in changed},
                )
    return list(found.values())


@event.listens_for(WritingSession, "before_commit")
def _store(session: Session) -> None:
    pending: list[_Change] = session.info.get(_PENDING, [])
    if session.in_nested_transaction() or not pending:
        return
    actor, at = acting.get(), now()
    who = {
        "at": at,
        "user_id": actor and actor.user_id,
        "user_name": actor and actor.display_name,
        "token_id": actor and actor.token_id,
        "machine_id": actor and actor.machine_id,
        "login_session_id": actor and actor.session_id,
        "request_id": current_request_id(),
    }
    # Not by `asdict`, which would copy every value to the bottom.
    names = [field.name for field in fields(_Change)]
    events = [{"id": new_id()} | who | {n: getattr(change, n) for n in names} for change in _together(pending)]
    pending.clear()
    if events:
        session.execute(insert(AuditEvent), events)


@event.listens_for(WritingSession, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_MARKS, {})[transaction] = len(session.info.get(_PENDING, []))


@event.listens_for(WritingSession, "after_soft_rollback")
def _take_back(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        del session.info.get(_PENDING, [])[session.info[_MARKS][transaction] :]
    elif transaction.parent is None:
        session.info.pop(_PENDING, None)
