"""Where texts are kept that came out of sessions, or that secrets are taken out of before they are stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import JSON, ColumnElement, Enum, String, inspect, or_, select

from claudetools.domains.learning import (
    ENVIRONMENTAL_EXAMPLES,
    ENVIRONMENTAL_INSIGHTS,
    FAILURE_PATTERNS,
    OPERATION_FAILURES,
)
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn
from claudetools.domains.memory.items import ITEMS, MemoryItem
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.records.context_snippets import CONTEXT_SNIPPETS
from claudetools.domains.memory.records.contexts import CONVERSATION_CONTEXTS
from claudetools.domains.memory.records.decision_logs import DECISION_LOGS
from claudetools.domains.memory.records.project_states import PROJECT_STATES
from claudetools.domains.security import SECURITY_INCIDENTS
from claudetools.domains.work import (
    COMMANDS_RUN,
    DATABASE_CHANGES,
    DEPLOYMENTS,
    FILE_CHANGES,
    INFRASTRUCTURE_CHANGES,
    PENDING_TASKS,
    PROBLEM_SOLUTIONS,
    SESSIONS,
    TASKS,
    WORK_ITEMS,
)
from claudetools.kit.db.base import Base
from claudetools.kit.resource.declare import Resource

SHORTEST = 64
"""Characters that a text column takes at least; what takes less holds names and numbers."""
KEYS = frozenset(
    {"key", "group_key", "prompt_id", "agent_id", "line_uuid", "last_uuid", "last_prompt_id", "source_table"}
)


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """A table with such texts.

    `name` is what its rows are called in the audit trail; `owned` returns the condition for the rows of a client and
    for those of none; `schema` says how long the texts of a record may be.
    """

    name: str
    model: type[Base]
    columns: tuple[str, ...]
    owned: Callable[[UUID], ColumnElement[bool]]
    schema: type[BaseModel] | None = None

    @classmethod
    def of(cls, name: str, model: type[Any], schema: type[BaseModel] | None = None) -> "KeptTexts":
        """Return the texts of a model whose rows belong to a client, or to none."""
        return cls(
            name,
            model,
            _text_columns(model),
            lambda client_id: or_(model.client_id == client_id, model.client_id.is_(None)),
            schema,
        )


def _text_columns(model: type[Any]) -> tuple[str, ...]:
    found = []
    for column in inspect(model).columns:
        is_text = isinstance(column.type, String) and not isinstance(column.type, Enum)
        if isinstance(column.type, JSON) or (is_text and (column.type.length or SHORTEST) >= SHORTEST):
            found.append(column.key)
    return tuple(name for name in found if name not in KEYS)


def _turns_of(client_id: UUID) -> ColumnElement[bool]:
    theirs = select(Transcript.id).where(or_(Transcript.client_id == client_id, Transcript.client_id.is_(None)))
    return or_(TranscriptTurn.folder_client_id == client_id, TranscriptTurn.transcript_id.in_(theirs))


_RESOURCES: tuple[Resource, ...] = (
    SESSIONS,
    COMMANDS_RUN,
    FILE_CHANGES,
    INFRASTRUCTURE_CHANGES,
    DATABASE_CHANGES,
    DEPLOYMENTS,
    WORK_ITEMS,
    TASKS,
    PENDING_TASKS,
    PROBLEM_SOLUTIONS,
    OPERATION_FAILURES,
    FAILURE_PATTERNS,
    ENVIRONMENTAL_INSIGHTS,
    ENVIRONMENTAL_EXAMPLES,
    SECURITY_INCIDENTS,
    CONVERSATION_CONTEXTS,
    CONTEXT_SNIPPETS,
    DECISION_LOGS,
    PROJECT_STATES,
)


def kept_texts(others: Sequence[Resource]) -> tuple[KeptTexts, ...]:
    """Return all of them, with those of `others` that know of memory, in the order in which they are looked through.

    What others are drawn from comes first, so that nothing is drawn again from what was not looked at yet.
    """
    return (
        KeptTexts("transcript-turns", TranscriptTurn, _text_columns(TranscriptTurn), _turns_of),
        KeptTexts.of("transcripts", Transcript),
        *(KeptTexts.of(each.name, each.model, each.read) for each in (*_RESOURCES, *others)),
        KeptTexts.of(ITEMS, MemoryItem),
        KeptTexts.of("memory-injections", MemoryInjection),
    )
