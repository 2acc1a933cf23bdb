"""Share links: secrets of a credential handed to somebody without an account, for a short time and a few views."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import CheckConstraint, CursorResult, ForeignKey, Integer, LargeBinary, String, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts import User
from claudetools.domains.vault.audit_log import CredentialAction, Origin
from claudetools.domains.vault.credentials import CREDENTIALS, Credential, note_act
from claudetools.domains.vault.disclosure import CREDENTIAL, Reason, audited, disclose, redacted
from claudetools.domains.vault.refusals import note_refusal
from claudetools.domains.vault.reveal import FieldNames, chosen
from claudetools.domains.vault.secret_fields import is_text
from claudetools.domains.vault.versions import read_secrets
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.clock import now
from claudetools.kit.crypto.envelope import SecretUnreadable
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import Database
from claudetools.kit.db.types import Id, Instant, Json
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import Access, Actor, find

SECRET_BYTES = 32
LONGEST_MINUTES = 7 * 24 * 60
MOST_VIEWS = 10


class ShareLink(Record):
    """A link to some secrets of one version of a credential. Only a digest of its text is kept."""

    __tablename__ = "share_links"
    __table_args__ = (
        CheckConstraint("view_limit >= 1", name="view_limit"),
        CheckConstraint("claim_count BETWEEN 0 AND view_limit", name="claim_count"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    version_number: Mapped[int] = mapped_column(Integer)
    fields: Mapped[list[str]] = mapped_column(Json)
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    view_limit: Mapped[int] = mapped_column(Integer, default=1)
    claim_count: Mapped[int] = mapped_column(Integer, default=0)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class ShareRequest(Input):
    """Which secrets are handed to somebody without an account, by default all, why, for how long and how many views."""

    reason: Reason
    fields: FieldNames | None = None
    ttl_minutes: Annotated[int, Field(ge=1, le=LONGEST_MINUTES)] = 60
    view_limit: Annotated[int, Field(ge=1, le=MOST_VIEWS)] = 1


class ClaimRequest(Input):
    """The text of a share link. It goes in the body, so that no log of addresses holds it."""

    secret: Annotated[SecretStr, Field(min_length=1, max_length=200), AfterValidator(is_text)]


class ShareLinkRead(Output):
    """What callers get of a share link: never its text."""

    id: UUID
    credential_id: UUID
    version_number: int
    fields: list[str]
    user_id: UUID | None
    reason: str | None
    expires_at: datetime
    view_limit: int
    claim_count: int
    revoked_at: datetime | None
    created_at: datetime


class ShareLinkCreated(ShareLinkRead):
    """A new share link. `secret` is shown this once."""

    secret: str


class Claimed(Output):
    """The secrets behind a share link in plain text, and how many more views it allows."""

    service_name: str
    username: str | None
    url: str | None
    fields: dict[str, SecretStr]
    views_left: int


async def share(
    database: Database, actor: Actor, id: UUID, request: ShareRequest, origin: Origin
) -> tuple[ShareLink, SecretStr]:
    """Make a link to secrets of a credential, and return it with its text, 256 random bits.

    It ends with the version of the secrets that it was made for, and with the account of who made it.

    Raises:
        Invalid: a secret that is asked for is not set.
        Problem: as `disclose`.
    """
    text = secrets.token_urlsafe(SECRET_BYTES)

    async def act(session: AsyncSession, present: Actor, row: Credential) -> ShareLink:
        names = list(chosen(await read_secrets(session, row), request.fields))
        link = ShareLink(
            client_id=row.client_id,
            credential_id=row.id,
            version_number=row.secret_version,
            fields=names,
            user_id=present.user_id,
            reason=redacted(session, request.reason),
            secret_hash=_digest(text),
            expires_at=now() + timedelta(minutes=request.ttl_minutes),
            view_limit=request.view_limit,
        )
        session.add(link)
        await session.flush()
        note_act(session, present, CredentialAction.SHARE, row, link.reason, origin)
        details = {"share_link": link.id, "fields": names, "view_limit": link.view_limit, "reason": link.reason}
        trail.note(session, Action.SHARE, CREDENTIALS.name, row.id, client_id=row.client_id, details=details)
        return link

    return await disclose(database, actor, CREDENTIAL, id, act, origin), SecretStr(text)


async def claim(database: Database, request: ClaimRequest, origin: Origin) -> Claimed:
    """Use a view of a share link, and return the secrets behind it. Whoever knows its text may.

    Raises:
        NotFound: there is no such link, or it is used up, has ended or was revoked: they are not told apart.
        SecretUnreadable: the secrets are not what was stored. An alert is raised.
        Unavailable: it could not be stored that it was claimed, so nothing was given out.
    """
    digest = _digest(request.secret.get_secret_value())
    of: UUID | None = None

    async def unit(session: AsyncSession) -> Claimed:
        nonlocal of
        link = await _use(session, digest)
        of = link.credential_id
        row = await session.get_one(Credential, link.credential_id)
        found = await read_secrets(session, row)
        note_act(session, None, CredentialAction.REVEAL, row, "Share link", origin)
        details = {"share_link": link.id, "secret_version": row.secret_version, "fields": link.fields}
        trail.note(session, Action.REVEAL, CREDENTIALS.name, row.id, client_id=row.client_id, details=details)
        return Claimed(
            service_name=row.service_name,
            username=row.username,
            url=row.url,
            fields={name: found[name] for name in link.fields if name in found},
            views_left=link.view_limit - link.claim_count,
        )

    try:
        return await audited(database, unit)
    except SecretUnreadable as problem:
        if of is not None:
            await note_refusal(database, None, CREDENTIALS, of, problem, origin)
        raise


async def _use(session: AsyncSession, digest: bytes) -> ShareLink:
    """Count a view of the link with this digest, if it allows another, in one statement, and return the link."""
    of_version = exists().where(
        Credential.id == ShareLink.credential_id,
        Credential.secret_version == ShareLink.version_number,
        Credential.is_active.is_(True),
    )
    of_member = exists().where(User.id == ShareLink.user_id, User.is_active.is_(True))
    used: CursorResult[tuple[()]] = await session.execute(  # type: ignore[assignment]
        update(ShareLink)
        .where(ShareLink.secret_hash == digest, ShareLink.revoked_at.is_(None), ShareLink.expires_at > now())
        .where(ShareLink.claim_count < ShareLink.view_limit, of_version, of_member)
        .values(claim_count=ShareLink.claim_count + 1),
        execution_options={"synchronize_session": False},
    )
    link = await session.scalar(select(ShareLink).where(ShareLink.secret_hash == digest))
    if used.rowcount != 1 or link is None:
        raise NotFound("There is no such link, or it cannot be used any more.")
    return link


async def share_links(session: AsyncSession, actor: Actor, id: UUID) -> list[ShareLink]:
    """Return the links to a credential, the newest first.

    Raises:
        NotFound: the credential is not the actor's to see.
    """
    row = await find(session, actor, Credential, id)
    query = select(ShareLink).where(ShareLink.credential_id == row.id).order_by(ShareLink.id.desc())
    return list(await session.scalars(query))


async def revoke_share(session: AsyncSession, actor: Actor, id: UUID, link_id: UUID) -> None:
    """End a link to a credential. Ending one twice is the same as once.

    Raises:
        NotFound: there is no such link to a credential that the actor sees.
        Forbidden: the actor may not change the credential.
    """
    row = await find(session, actor, Credential, id, Access.WRITE)
    link = await session.get(ShareLink, link_id)
    if link is None or link.credential_id != row.id:
        raise NotFound
    if link.revoked_at is None:
        link.revoked_at = now()
        details = {"share_link": link.id, "revoked": True}
        trail.note(session, Action.SHARE, CREDENTIALS.name, row.id, client_id=row.client_id, details=details)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
