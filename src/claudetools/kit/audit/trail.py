"""Taking down changes as they are flushed, and storing them with the transaction that they belong to.

It listens to the session, so that no write of a record has to remember to say so. Statements that name no row of the
session (`update(...)`, `insert(...)`) pass it by; they are for counters, marks of use and derived rows, or go with a
`note_change`. What is no change of a record, such as a sign-in, is said by `note`.
"""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import event, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from claudetools.kit.audit.chain import ChainKeys
from claudetools.kit.audit.events import MESSAGE_LENGTH, Action
from claudetools.kit.audit.lanes import append
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import WritingSession
from claudetools.kit.ids import new_id
from claudetools.kit.logging import current_request_id
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.scope import Actor

SERVICE = "audit trail"
ENGINES_OWN = frozenset({"id", "created_at", "updated_at", "version"})
CHANGES = frozenset({Action.CREATE, Action.CHANGE, Action.DELETE})
PRECIOUS = frozenset({Action.REVEAL, Action.ROTATE, Action.EXPORT, Action.SHARE, Action.DESTROY, Action.RESTORE})
"""What is worth a checkpoint at once; so is a change of somebody's rights, see `Audited.rights`."""
_PENDING = "audit changes"
_MARKS = "audit marks"
_STORED = "audit stored"

acting: ContextVar[Actor | None] = ContextVar("acting", default=None)
"""Who the running request acts for; None where the service itself acts."""
reason: ContextVar[str | None] = ContextVar("reason", default=None)
"""What the caller says about the running request's changes, without secrets."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Under which name the changes of a model are stored, and which of its columns."""

    name: str
    columns: tuple[str, ...]
    rights: frozenset[str] = frozenset()

    @classmethod
    def of(cls, resource: Resource, *rights: str) -> "Audited":
        """Return what is audited of a resource: what callers can read, but for the engine's own and private columns.

        `rights` are the columns that say what somebody may do.
        """
        columns = inspect(resource.model).columns
        left_out = {*ENGINES_OWN, *resource.private}
        kept = tuple(n for n in resource.read.model_fields if n in columns and n not in left_out)
        return cls(resource.name, kept, frozenset(rights))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    action: Action
    resource: str
    record_id: UUID | None
    client_id: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]


class AuditTrail:
    """Which models are audited, and the keys of the chain. Hand it to a database as the service `SERVICE`.

    `told` is called after each commit with events: how many, and whether one of them is precious.
    """

    def __init__(
        self, audited: Mapping[type[Record], Audited], keys: ChainKeys, told: Callable[[int, bool], None]
    ) -> None:
        self._audited = dict(audited)
        self._rights = {each.name: each.rights for each in audited.values()}
        self.keys = keys
        self.told = told

    def is_precious(self, action: Action, resource: str, after: Mapping[str, Any]) -> bool:
        """Return whether an event is to be sealed at once."""
        return action in PRECIOUS or not self._rights.get(resource, frozenset()).isdisjoint(after)

    def change(self, row: object, action: Action) -> _Change | None:
        """Return what is to be taken down of a row that was just flushed; None if nothing is."""
        audited = self._audited.get(type(row))  # type: ignore[arg-type]
        if audited is None or not isinstance(row, Record):
            return None
        before, after = _sides(row, audited.columns, action)
        if action is Action.CHANGE and not after:
            return None
        return self.stated_change(row, action, before, after)

    def stated_change(
        self, row: Record, action: Action, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> _Change:
        """Return a change of a row of an audited model, with what was and what is."""
        tenant = row.__tenant__  # type: ignore[attr-defined]
        owner = tenant.owner({column.key: getattr(row, column.key) for column in inspect(type(row)).columns})
        return _Change(
            action=action,
            resource=self._audited[type(row)].name,
            record_id=row.id,
            client_id=owner,
            before=_plain(before),
            after=_plain(after),
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

    `details` are values that JSON can hold, and hold no secret; they land in `after`.
    """
    noted = _Change(
        action=action, resource=resource, record_id=record_id, client_id=client_id, before={}, after=_plain(details)
    )
    session.info.setdefault(_PENDING, []).append(noted)


def note_change(session: AsyncSession, row: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Store with a record's other changes what was changed of it by statements that name no row, such as its links."""
    trail: AuditTrail | None = session.info.get(SERVICE)
    if trail is not None and before != after:
        session.info.setdefault(_PENDING, []).append(trail.stated_change(row, Action.CHANGE, before, after))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they are stored: JSON that every database takes."""
    try:
        plain: dict[str, Any] = to_jsonable_python(dict(values), inf_nan_mode="null")
    except UnicodeEncodeError:
        plain = to_jsonable_python(_well_formed(dict(values)), inf_nan_mode="null")
    return plain


def _well_formed(value: Any) -> Any:
    """Return a value in which lone surrogates are written out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_well_formed(name): _well_formed(part) for name, part in value.items()}
    return [_well_formed(part) for part in value] if isinstance(value, list) else value


def _together(changes: Iterable[_Change]) -> list[_Change]:
    """Return one change for each record, from what it was before the transaction to what it is after it.

    An act that changed its record is one event with that change. Other acts stay as they are.
    """
    found: dict[object, _Change] = {}
    acts: list[_Change] = []
    for change in changes:
        if change.action not in CHANGES:
            acts.append(change)
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
            elif changed := [name for name in after if name not in before or before[name] != after[name]]:
                found[key] = replace(
                    first,
                    before={name: before[name] for name in changed if name in before},
                    after={name: after[name] for name in changed},
                )
    for act in acts:
        key = act.resource, act.record_id
        change_of = found.get(key)
        if change_of is None or (change_of.action, change_of.client_id) != (Action.CHANGE, act.client_id):
            found[object()] = act
        else:
            found[key] = replace(act, before=change_of.before, after=change_of.after | act.after)
    return list(found.values())


def _storable(text: str | None, length: int) -> str | None:
    """Return text as any database gives it back."""
    return None if text is None else str(_well_formed(text))[:length]


@event.listens_for(WritingSession, "before_commit")
def _store(session: Session) -> None:
    pending: list[_Change] = session.info.get(_PENDING, [])
    trail: AuditTrail | None = session.info.get(SERVICE)
    if trail is None or session.in_nested_transaction() or not pending:
        return
    actor = acting.get()
    who = {
        "user_id": actor and actor.user_id,
        "user_name": _storable(None if actor is None else actor.display_name, 200),
        "token_id": actor and actor.token_id,
        "machine_id": actor and actor.machine_id,
        "login_session_id": actor and actor.session_id,
        "request_id": current_request_id(),
        "message": _storable(reason.get(), MESSAGE_LENGTH),
    }
    # Not by `asdict`, which would copy every value to the bottom.
    names = [field.name for field in fields(_Change)]
    events = [{"id": new_id()} | who | {n: getattr(change, n) for n in names} for change in _together(pending)]
    pending.clear()
    if events:
        append(session, trail.keys, events)
        is_precious = any(trail.is_precious(each["action"], each["resource"], each["after"]) for each in events)
        session.info[_STORED] = len(events), is_precious


@event.listens_for(WritingSession, "after_commit")
def _tell(session: Session) -> None:
    stored = session.info.pop(_STORED, None)
    if stored is not None:
        session.info[SERVICE].told(*stored)


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
        session.info.pop(_STORED, None)
