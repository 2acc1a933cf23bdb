"""What concerns a session of Claude Code at its beginning, beside memory: locks, constraints of hosts, messages.

A lock or a constraint is given only where the prompt or the folder names what it is about, a
message only to the person it is addressed to, and only where the session belongs to the client it is about.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import User
from claudetools.domains.coordination import Message, MessageReceipt, ResourceLock
from claudetools.domains.infra import Infrastructure
from claudetools.domains.learning import Confidence, EnvironmentalInsight
from claudetools.domains.memory import Notice
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Actor, scoped, visible

LOCKS, CONSTRAINTS, MESSAGES = 2, 3, 2
"""How many of each are given at most."""
MAX_NAMES = 100
MAX_LOCKS = 200

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_TELLING = re.compile(r"[0-9._-]|^[A-Z]{2,}$")
"""A word is taken for the name of a host only if no ordinary word looks like it."""


async def surroundings_of(session: AsyncSession, actor: Actor, client_id: UUID | None, words: str) -> Sequence[Notice]:
    """Return the locks and confirmed constraints on what `words` name, and the newest unread messages."""
    found: list[Notice] = []
    if client_id is not None:
        hosts = await _hosts(session, actor, client_id, words)
        found += await _locks(session, actor, client_id, words, hosts)
        found += await _constraints(session, actor, hosts)
    found += await _messages(session, actor, client_id)
    return found


def names_in(words: str) -> list[str]:
    """Return the words that may be names or addresses of hosts, each also without its domain."""
    found = dict.fromkeys(name for name in _NAME.findall(words) if len(name) > 1 and _TELLING.search(name))
    short = [name.partition(".")[0] for name in found if not name.replace(".", "").isdigit()]
    return list(dict.fromkeys([*found, *(name for name in short if len(name) > 1)]))[:MAX_NAMES]


async def _hosts(session: AsyncSession, actor: Actor, client_id: UUID, words: str) -> list[Infrastructure]:
    names = names_in(words)
    if not names:
        return []
    statement = scoped(actor, Infrastructure).where(
        Infrastructure.client_id == client_id,
        or_(Infrastructure.hostname.in_(names), Infrastructure.ip_address.in_(names)),
    )
    return list(
        await session.scalars(statement.order_by(Infrastructure.hostname, Infrastructure.id).limit(CONSTRAINTS))
    )


async def _locks(
    session: AsyncSession, actor: Actor, client_id: UUID, words: str, hosts: Sequence[Infrastructure]
) -> list[Notice]:
    ids = {str(host.id) for host in hosts}
    held = await session.execute(
        select(ResourceLock, User.display_name)
        .join(User, User.id == ResourceLock.user_id)
        .where(
            visible(actor, ResourceLock),
            ResourceLock.client_id == client_id,
            ResourceLock.expires_at > now(),
            ResourceLock.user_id != actor.user_id,
        )
        .order_by(ResourceLock.expires_at.desc(), ResourceLock.id)
        .limit(MAX_LOCKS)
    )
    concerned = [(lock, holder) for lock, holder in held if lock.target in ids or _is_named(lock.target, words)]
    hostnames = {str(host.id): host.hostname for host in hosts}
    return [
        Notice(
            id=lock.id,
            kind="lock",
            at=lock.created_at,
            author=holder,
            text=f"Locked until {lock.expires_at:%Y-%m-%d %H:%M} UTC: {hostnames.get(lock.target, lock.target)}"
            + (f" ({lock.reason})" if lock.reason else ""),
        )
        for lock, holder in concerned[:LOCKS]
    ]


def _is_named(target: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(target)}(?!\w)", words, re.IGNORECASE) is not None


async def _constraints(session: AsyncSession, actor: Actor, hosts: Sequence[Infrastructure]) -> list[Notice]:
    if not hosts:
        return []
    insights = await session.scalars(
        scoped(actor, EnvironmentalInsight)
        .where(
            EnvironmentalInsight.infrastructure_id.in_([host.id for host in hosts]),
            EnvironmentalInsight.confidence == Confidence.CONFIRMED,
            EnvironmentalInsight.superseded_by_id.is_(None),
            or_(EnvironmentalInsight.expires_at.is_(None), EnvironmentalInsight.expires_at > now()),
        )
        .order_by(EnvironmentalInsight.priority.desc(), EnvironmentalInsight.id)
        .limit(CONSTRAINTS)
    )
    names = {host.id: host.hostname for host in hosts}
    found = [
        Notice(
            id=insight.id,
            kind="constraint",
            at=insight.verified_at or insight.updated_at,
            text=f"{names[insight.infrastructure_id]}: {insight.title}. {insight.description}",
        )
        for insight in insights
        if insight.infrastructure_id is not None
    ]
    for host in hosts:
        limits = [*host.known_limits, host.environmental_notes or "", "Reached by VPN only." * host.requires_vpn]
        if any(limits):
            text = f"{host.hostname}: {'; '.join(filter(None, limits))}"
            found.append(Notice(id=host.id, kind="constraint", at=host.updated_at, text=text))
    return found[:CONSTRAINTS]


async def _messages(session: AsyncSession, actor: Actor, client_id: UUID | None) -> list[Notice]:
    """Return the newest messages to the person alone that they have not read, none that is about another client."""
    is_read = (
        select(MessageReceipt.message_id)
        .where(MessageReceipt.message_id == Message.id, MessageReceipt.user_id == actor.user_id)
        .exists()
    )
    about: ColumnElement[bool] = Message.client_id.is_(None)
    if client_id is not None:
        about = or_(about, Message.client_id == client_id)
    rows = await session.execute(
        select(Message, User.display_name)
        .join(User, User.id == Message.user_id)
        .where(
            visible(actor, Message),
            Message.reader_id == actor.user_id,
            about,
            or_(Message.recipient_machine_id.is_(None), Message.recipient_machine_id == actor.machine_id),
            ~is_read,
        )
        .order_by(Message.created_at.desc(), Message.id)
        .limit(MESSAGES)
    )
    return [
        Notice(
            id=message.id,
            kind="message",
            at=message.created_at,
            author=sender,
            text="Unread message: " + ": ".join(filter(None, (message.subject, message.body))),
        )
        for message, sender in rows
    ]
