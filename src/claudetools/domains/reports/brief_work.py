"""What a brief says of the work for a client: what is open, what was done and changed, what expires, what is known."""

from collections import defaultdict
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import or_

from claudetools.domains.accounts import User
from claudetools.domains.learning import FailurePattern, PatternOrigin
from claudetools.domains.memory import MemoryItem, MemoryKind
from claudetools.domains.reports.brief_item import MAX_ITEMS, BriefItem, Found, item
from claudetools.domains.reports.client_view import ClientView, Some, rank
from claudetools.domains.reports.expiring import ExpiringQuery, expiring
from claudetools.domains.security import SecurityIncident
from claudetools.domains.work import (
    DatabaseChange,
    Deployment,
    InfrastructureChange,
    PendingTask,
    Task,
    WorkItem,
    WorkItemStatus,
    WorkSession,
)
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record

M = TypeVar("M", bound=Record)

EXPIRING_DAYS = 60
WORK_OF_A_SESSION = 3
MAX_WORK = 500
WORK_ORDER = WorkItem.position, WorkItem.id
TRUSTED = 2
"""Memory of what a person or the assistant said; what a tool or a web page said is left out."""


async def open_incidents(view: ClientView) -> Found:
    """Return the security incidents that are not over, the gravest first."""
    order = rank(SecurityIncident.severity).desc(), SecurityIncident.detected_at.desc(), SecurityIncident.id
    some = await view.first(view.current(SecurityIncident).order_by(*order), MAX_ITEMS)
    items = [
        item(
            view,
            "security-incidents",
            row.id,
            row.title,
            f"{row.severity}, {row.status}, since {row.detected_at.date()}",
            row.findings or row.description,
        )
        for (row,) in some.rows
    ]
    return Found(items, some.total)


async def known_failures(view: ClientView) -> Found:
    """Return what fails at the client and what works instead, as far as a person stands for it."""
    confirmed = view.current(FailurePattern).where(FailurePattern.origin == PatternOrigin.CONFIRMED)
    order = rank(FailurePattern.severity).desc(), FailurePattern.occurrence_count.desc(), FailurePattern.id
    some = await view.first(confirmed.order_by(*order), MAX_ITEMS)
    items = [
        item(
            view,
            "failure-patterns",
            row.id,
            row.sample_error,
            f"instead: {row.works_instead}" if row.works_instead else None,
            row.cause,
            f"seen {row.occurrence_count} times" if row.occurrence_count else None,
        )
        for (row,) in some.rows
    ]
    return Found(items, some.total)


async def open_work(view: ClientView) -> Found:
    """Return what is left to do and what waits for something: what is blocked first, then by priority and day."""
    found: list[tuple[tuple[bool, int, date], BriefItem]] = []
    total = 0
    for model, path in ((PendingTask, "pending-tasks"), (Task, "tasks")):
        is_blocked, priority = model.status == "blocked", rank(model.priority)
        order = is_blocked.desc(), priority.desc(), model.due_on.is_(None), model.due_on, model.id
        some = await view.first(view.current(model).add_columns(priority).order_by(*order), MAX_ITEMS)
        total += some.total
        for row, urgency in some.rows:
            reason = row.blocked_by if isinstance(row, PendingTask) else row.blocking_reason
            blocked = f"blocked: {reason or 'no reason given'}" if row.status == "blocked" else None
            due = f"due {row.due_on}" if row.due_on else None
            entry = item(view, path, row.id, row.title, blocked, due, row.priority, row.description)
            found.append(((blocked is None, -urgency, row.due_on or date.max), entry))
    stuck = view.current(WorkItem).where(WorkItem.status == WorkItemStatus.BLOCKED).add_columns(rank(WorkItem.priority))
    some_work = await view.first(stuck.order_by(rank(WorkItem.priority).desc(), WorkItem.id), MAX_ITEMS)
    for work, urgency in some_work.rows:
        entry = item(view, "work-items", work.id, work.title, "blocked", work.priority, work.description)
        found.append(((False, -urgency, date.max), entry))
    found.sort(key=lambda one: one[0])
    return Found([entry for _, entry in found[:MAX_ITEMS]], total + some_work.total)


async def last_sessions(view: ClientView) -> Found:
    """Return the newest sessions: when, who, and what was done."""
    statement = view.every(WorkSession).outerjoin(User, User.id == WorkSession.user_id).add_columns(User.display_name)
    some = await view.first(statement.order_by(WorkSession.started_at.desc(), WorkSession.id), MAX_ITEMS)
    work = view.every(WorkItem).with_only_columns(WorkItem.session_id, WorkItem.title, WorkItem.status)
    of_these = WorkItem.session_id.in_([row.id for row, _ in some.rows])
    done: defaultdict[UUID, list[str]] = defaultdict(list)
    for id, title, status in (await view.first(work.where(of_these).order_by(*WORK_ORDER), MAX_WORK)).rows:
        done[id].append(f"{title} ({status})")
    items = [
        item(
            view,
            "sessions",
            row.id,
            row.title,
            f"{row.started_at.date()} {person or ''}",
            "; ".join(done[row.id][:WORK_OF_A_SESSION]),
            row.summary,
        )
        for row, person in some.rows
    ]
    return Found(items, some.total)


async def changes(view: ClientView) -> Found:
    """Return the newest changes to systems and databases, and the newest deployments."""
    found: list[tuple[datetime, BriefItem]] = []
    systems = await _newest(view, InfrastructureChange)
    for (change,) in systems.rows:
        what = f"{change.created_at.date()}, {change.category} {change.change_type}"
        state = None if change.is_verified else "not verified"
        lasting = None if change.is_permanent else "temporary"
        entry = item(view, "infrastructure-changes", change.id, change.title, what, state, lasting)
        found.append((change.created_at, entry))
    deployments = await _newest(view, Deployment)
    for (deployment,) in deployments.rows:
        title = " ".join(part for part in (deployment.type, deployment.version_label, deployment.deployed_to) if part)
        what = f"{deployment.created_at.date()}, deployment {deployment.status}"
        found.append((deployment.created_at, item(view, "deployments", deployment.id, title, what)))
    databases = await _newest(view, DatabaseChange)
    for (statement,) in databases.rows:
        title = f"{statement.change_type} change in {statement.database_name}"
        backup = None if statement.is_backed_up else "without a backup"
        entry = item(view, "database-changes", statement.id, title, str(statement.created_at.date()), backup)
        found.append((statement.created_at, entry))
    found.sort(key=lambda one: one[0], reverse=True)
    total = systems.total + deployments.total + databases.total
    return Found([entry for _, entry in found[:MAX_ITEMS]], total)


async def _newest(view: ClientView, model: type[M]) -> Some[M]:
    return await view.first(view.every(model).order_by(model.created_at.desc(), model.id), MAX_ITEMS)


async def expiring_soon(view: ClientView) -> Found:
    """Return what has expired or soon will."""
    query = ExpiringQuery(days=EXPIRING_DAYS, client_id=view.client.id, limit=MAX_ITEMS)
    found = await expiring(view.session, view.actor, view.resources, query)
    items = []
    for one in found.items:
        when = f"{one.days_left} days left" if one.days_left >= 0 else f"{-one.days_left} days overdue"
        items.append(item(view, one.resource, one.id, one.title, f"{one.expires_on}, {when}", one.resource))
    return Found(items, found.total)


async def remembered(view: ClientView) -> Found:
    """Return what memory holds on to, without digests of sessions: pinned first, then by importance and age."""
    statement = view.current(MemoryItem).where(
        MemoryItem.kind.in_(list(MemoryKind)),
        MemoryItem.trust >= TRUSTED,
        or_(MemoryItem.expires_at.is_(None), MemoryItem.expires_at > now()),
    )
    chosen = statement.with_only_columns(MemoryItem.id, MemoryItem.kind, MemoryItem.text, MemoryItem.said_at)
    order = MemoryItem.is_pinned.desc(), MemoryItem.importance.desc(), MemoryItem.said_at.desc(), MemoryItem.id
    some = await view.first(chosen.order_by(*order), MAX_ITEMS)
    items = [item(view, "memory", id, text, f"{kind}, {at.date()}") for id, kind, text, at in some.rows]
    return Found(items, some.total)
