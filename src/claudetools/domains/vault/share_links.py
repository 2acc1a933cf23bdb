"""Share links: a credential handed to somebody without an account, for a short time and a few views."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant


class ShareLink(Record):
    """A link to one credential. Only a digest of its text is kept."""

    __tablename__ = "share_links"
    __table_args__ = (
        CheckConstraint("view_limit >= 1", name="view_limit"),
        CheckConstraint("claim_count BETWEEN 0 AND view_limit", name="claim_count"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    view_limit: Mapped[int] = mapped_column(Integer, default=1)
    claim_count: Mapped[int] = mapped_column(Integer, default=0)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
