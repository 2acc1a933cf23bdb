"""Reading messages, and presence."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from claudetools.api.security import Db, RecordReader, RecordWriter
from claudetools.domains.coordination import (
    MessageRead,
    MessageReceiptRead,
    PresenceRead,
    PresenceReport,
    mark_read,
    people_at_work,
    report_presence,
    unread_messages,
)
from claudetools.kit.clock import now
from claudetools.kit.http.problems import problem_responses

router = APIRouter()


class UnreadMessages(BaseModel):
    """Messages, oldest first."""

    items: list[MessageRead]


class PeopleAtWork(BaseModel):
    """People at work, whoever was seen last first."""

    items: list[PresenceRead]


@router.get(
    "/messages/unread",
    operation_id="list_unread_messages",
    tags=["messages"],
    responses=problem_responses(401, 403, 422, 503),
)
async def unread(actor: RecordReader, db: Db, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> UnreadMessages:
    """Return the messages for the caller that they have not marked as read."""
    rows = await db.read(lambda session: unread_messages(session, actor, limit))
    return UnreadMessages(items=[MessageRead.model_validate(row) for row in rows])


@router.post(
    "/messages/{id}/read",
    operation_id="mark_message_read",
    tags=["messages"],
    responses=problem_responses(401, 403, 404, 422, 503),
)
async def read(id: UUID, actor: RecordReader, db: Db) -> MessageReceiptRead:
    """Note that the caller has read a message. Each reader has a mark of their own; a second time changes nothing."""
    return MessageReceiptRead.model_validate(await db.write(lambda session: mark_read(session, actor, id)))


@router.get(
    "/presence", operation_id="list_presence", tags=["presence"], responses=problem_responses(401, 403, 422, 503)
)
async def who_is_at_work(
    actor: RecordReader, db: Db, active_minutes: Annotated[int, Query(ge=1, le=1440)] = 15
) -> PeopleAtWork:
    """Return who works where: everybody who was seen in a session in progress within the last minutes."""
    since = now() - timedelta(minutes=active_minutes)
    return PeopleAtWork(items=await db.read(lambda session: people_at_work(session, actor, since)))


@router.put(
    "/presence",
    operation_id="report_presence",
    tags=["presence"],
    responses=problem_responses(401, 403, 404, 409, 422, 503),
)
async def report(body: PresenceReport, actor: RecordWriter, db: Db) -> PresenceRead:
    """Say what the caller is at in one of their sessions, in place of what they said before."""
    return await db.write(lambda session: report_presence(session, actor, body))
