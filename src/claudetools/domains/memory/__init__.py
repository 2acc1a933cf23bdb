"""Memory: capture, distil, index, recall, inject."""

from claudetools.domains.memory.assignment import assign_session
from claudetools.domains.memory.bindings import BindingCreate, BindingRead, ClaudeBinding, bind
from claudetools.domains.memory.context_recall import recall_contexts
from claudetools.domains.memory.contexts import CONVERSATION_CONTEXTS, ContextRead, ConversationContext
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.healing import Cursors, EventsReply, EventsRequest, cursors_of, take_in
from claudetools.domains.memory.hooks import EVENTS, check_event, handle_hook, take_event
from claudetools.domains.memory.ingest import IngestReply, IngestRequest, ingest
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.packing import count_tokens, render_block, short_id
from claudetools.domains.memory.recall import RecallReply, RecallRequest, recall
from claudetools.domains.memory.recording import client_of_session
from claudetools.domains.memory.remembering import (
    FeedbackRequest,
    MemoryChange,
    MemoryKind,
    MemoryRead,
    RememberReply,
    RememberRequest,
    change_memory,
    delete_memory,
    rate,
    remember,
)
from claudetools.domains.memory.statistics import InjectionRead, MemoryStatistics, recent_injections, statistics

__all__ = [
    "CONVERSATION_CONTEXTS",
    "EVENTS",
    "BindingCreate",
    "BindingRead",
    "ClaudeBinding",
    "ContextRead",
    "ConversationContext",
    "Cursors",
    "EventsReply",
    "EventsRequest",
    "FeedbackRequest",
    "IngestReply",
    "IngestRequest",
    "InjectionRead",
    "MemoryChange",
    "MemoryEngine",
    "MemoryItem",
    "MemoryKind",
    "MemoryRead",
    "MemoryStatistics",
    "RecallReply",
    "RecallRequest",
    "RememberReply",
    "RememberRequest",
    "assign_session",
    "bind",
    "change_memory",
    "check_event",
    "client_of_session",
    "count_tokens",
    "cursors_of",
    "delete_memory",
    "handle_hook",
    "ingest",
    "rate",
    "recall",
    "recall_contexts",
    "recent_injections",
    "remember",
    "render_block",
    "short_id",
    "statistics",
    "take_event",
    "take_in",
]
