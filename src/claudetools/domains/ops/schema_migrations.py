"""Schema migrations: which revisions the database is made of. Alembic's own table tells only the newest."""

from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Instant
from claudetools.kit.resource.schema import Output


class SchemaMigration(Base):
    """A revision that the database holds. When and by what is null for those applied before this was recorded."""

    __tablename__ = "schema_migrations"

    revision: Mapped[str] = mapped_column(String(32), primary_key=True)
    description: Mapped[str] = mapped_column(String(200))
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    applied_by: Mapped[str | None] = mapped_column(String(200))


class SchemaMigrationRead(Output):
    """A revision that the database holds, when it was applied, and by which version of the program on which host."""

    revision: str
    description: str
    applied_at: datetime | None
    applied_by: str | None


async def schema_migrations(session: AsyncSession) -> list[SchemaMigration]:
    """Return the revisions that the database holds, the newest first."""
    return list(await session.scalars(select(SchemaMigration).order_by(SchemaMigration.revision.desc())))
