"""The API audit log: one row for each request, by whom, from where and how it ended. Never what was in it."""

import asyncio
from collections import deque
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, Integer, String, delete, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import Database
from claudetools.kit.db.types import Id
from claudetools.kit.http.middleware import RequestFacts
from claudetools.kit.ids import new_id
from claudetools.kit.logging import log
from claudetools.kit.problems import Unavailable
from claudetools.kit.resource.declare import READ_ONLY, Resource
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import Shared

FLUSH_SECONDS = 1.0
PRUNE_EVERY = timedelta(hours=1)
MAX_WAITING = 20_000
"""Requests that wait to be stored while the database is away; beyond that the oldest are given up."""
logger = log(__name__)


class ApiAuditLog(Record):
    """A request to the API. `route` is the template of the path, without what was filled in."""

    __tablename__ = "api_audit_log"
    __tenant__ = Shared()
    __table_args__ = (Index(None, "created_at", "id"), Record.__table_args__)

    user_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    token_id: Mapped[UUID | None] = mapped_column(Id)
    machine_id: Mapped[UUID | None] = mapped_column(Id)
    method: Mapped[str] = mapped_column(String(16))
    route: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[int] = mapped_column(Integer, index=True)
    error_code: Mapped[str | None] = mapped_column(String(64))
    ip_address: Mapped[str | None] = mapped_column(String(64), index=True)
    user_agent: Mapped[str | None] = mapped_column(String(500))
    duration_ms: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[str] = mapped_column(String(32), index=True)


class ApiAuditLogCreate(Input):
    """What the service keeps of a request; callers only read it."""

    user_id: UUID | None = None
    token_id: UUID | None = None
    machine_id: UUID | None = None
    method: str
    route: str | None = None
    status: int
    error_code: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    duration_ms: int
    request_id: str


class ApiAuditLogRead(ApiAuditLogCreate, Output):
    """A request to the API. Without a person it came from a stranger; without a route there is no such path."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


API_AUDIT_LOGS = Resource(
    name="api-audit-logs",
    singular="api-audit-log",
    model=ApiAuditLog,
    read=ApiAuditLogRead,
    create=ApiAuditLogCreate,
    read_scope="audit:read",
    filters=(
        "user_id",
        "token_id",
        "machine_id",
        "method",
        "route",
        "status",
        "error_code",
        "ip_address",
        "request_id",
        "duration_ms",
        "created_at",
    ),
    sorts=("created_at", "duration_ms", "updated_at"),
    verbs=READ_ONLY,
)


class ApiAuditLogWriter:
    """Collects requests and stores them together, so that no request waits for its line in the log.

    What a process had collected when it was killed is lost: at most the last second.
    """

    def __init__(self, database: Database, kept_days: int) -> None:
        self._database = database
        self._kept = timedelta(days=kept_days)
        self._waiting: deque[dict[str, object]] = deque(maxlen=MAX_WAITING)
        self._prune_at = now()

    def note(self, facts: RequestFacts) -> None:
        """Take down a request to the API; those to its health are left out."""
        if not facts.path.startswith("/api/") or facts.path.startswith("/api/health/"):
            return
        actor = facts.actor
        self._waiting.append(
            {
                "id": new_id(),
                "created_at": facts.at,
                "updated_at": facts.at,
                "version": 1,
                "user_id": actor and actor.user_id,
                "token_id": actor and actor.token_id,
                "machine_id": actor and actor.machine_id,
                "method": facts.method[:16],
                "route": facts.route and facts.route[:200],
                "status": facts.status,
                "error_code": facts.error_code,
                "ip_address": facts.ip_address and facts.ip_address[:64],
                "user_agent": facts.user_agent and facts.user_agent[:500],
                "duration_ms": facts.duration_ms,
                "request_id": facts.request_id,
            }
        )

    async def run(self) -> None:
        """Store what was collected, every second, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Unavailable:
                logger.warning("requests wait to be logged", waiting=len(self._waiting))

    async def flush(self) -> None:
        """Store what was collected, and once in a while forget what is too old.

        Raises:
            Unavailable: the database is away; what was collected is kept.
        """
        rows, is_due = list(self._waiting), now() >= self._prune_at
        if not rows and not is_due:
            return
        # What a commit stored whose answer was lost is given again.
        inserted = (
            insert(ApiAuditLog).prefix_with("OR IGNORE", dialect="sqlite").prefix_with("IGNORE", dialect="mariadb")
        )

        async def unit(session: AsyncSession) -> None:
            if rows:
                await session.execute(inserted, rows)
            if is_due:
                await session.execute(delete(ApiAuditLog).where(ApiAuditLog.created_at < now() - self._kept))

        await self._database.write(unit)
        stored = {row["id"] for row in rows}
        while self._waiting and self._waiting[0]["id"] in stored:
            self._waiting.popleft()
        if is_due:
            self._prune_at = now() + PRUNE_EVERY
