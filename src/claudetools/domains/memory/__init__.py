"""Memory: capture, distil, index, recall, inject."""

from claudetools.domains.memory.capturing.assignment import assign_session
from claudetools.domains.memory.capturing.bindings import BindingCreate, BindingRead, ClaudeBinding, bind
from claudetools.domains.memory.capturing.healing import Cursors, EventsReply, EventsRequest, cursors_of, take_in
from claudetools.domains.memory.capturing.hooks import (
    EVENTS,
    Answer,
    answer_event,
    check_event,
    handle_hook,
    take_event,
)
from claudetools.domains.memory.capturing.ingest import IngestReply, IngestRequest, ingest
from claudetools.domains.memory.capturing.recording import client_of_session
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn
from claudetools.domains.memory.corrections.correcting import (
    MemoryChange,
    MemoryHistory,
    change_memory,
    delete_memory,
    history_of,
)
from claudetools.domains.memory.corrections.expiry import Expiry
from claudetools.domains.memory.corrections.forgetting import ForgetRequest, Forgotten, forget
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.holding_back.quarantine import (
    MachineQuarantine,
    QuarantinePage,
    QuarantineQuery,
    quarantine_machine,
    quarantined_page,
    release,
)
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.learning_from_use import learning_counts
from claudetools.domains.memory.learning_from_use.feedback import FeedbackRequest, rate
from claudetools.domains.memory.learning_from_use.learning import learn_opened
from claudetools.domains.memory.learning_from_use.learning_counts import LearningCounts
from claudetools.domains.memory.learning_from_use.uses import MemoryUse
from claudetools.domains.memory.recalling.answer import RecallReply
from claudetools.domains.memory.recalling.framing import render_block
from claudetools.domains.memory.recalling.opening import memory_of_session, note_opened
from claudetools.domains.memory.recalling.packing import count_tokens, short_id
from claudetools.domains.memory.recalling.recall import ONE_CLIENT, RecallRequest, recall
from claudetools.domains.memory.recalling.standing import SERVICE as SURROUNDINGS
from claudetools.domains.memory.recalling.standing import Notice
from claudetools.domains.memory.recalling.statistics import MemoryStatistics, statistics
from claudetools.domains.memory.recalling.tracing import InjectionRead, find_injection, recent_injections
from claudetools.domains.memory.records.context_recall import recall_contexts
from claudetools.domains.memory.records.context_snippets import CONTEXT_SNIPPETS, ContextSnippetRead, best_snippets
from claudetools.domains.memory.records.context_tags import ContextTag, Match
from claudetools.domains.memory.records.contexts import CONVERSATION_CONTEXTS, ContextRead, ConversationContext
from claudetools.domains.memory.records.decision_logs import DECISION_LOGS, DecisionLogRead, Impact, decisions_by_impact
from claudetools.domains.memory.records.indexed_records import INDEX_RECORDS, index_changes
from claudetools.domains.memory.records.project_states import PROJECT_STATES, ProjectStateRead, put_state
from claudetools.domains.memory.records.recallable import RECALLABLE
from claudetools.domains.memory.records.record_indexing import index_missing
from claudetools.domains.memory.records.summaries import renew_cut
from claudetools.domains.memory.remembering import (
    MemoryKind,
    MemoryRead,
    Remembered,
    RememberReply,
    RememberRequest,
    remember,
)
from claudetools.domains.memory.taking_out.later_secrets import TAKE_OUT_REST, LaterSecrets

__all__ = [
    "CONTEXT_SNIPPETS",
    "CONVERSATION_CONTEXTS",
    "DECISION_LOGS",
    "EVENTS",
    "INDEX_RECORDS",
    "ONE_CLIENT",
    "PROJECT_STATES",
    "RECALLABLE",
    "SURROUNDINGS",
    "TAKE_OUT_REST",
    "Answer",
    "BindingCreate",
    "BindingRead",
    "ClaudeBinding",
    "ContextRead",
    "ContextSnippetRead",
    "ContextTag",
    "ConversationContext",
    "Cursors",
    "DecisionLogRead",
    "EventsReply",
    "EventsRequest",
    "Expiry",
    "FeedbackRequest",
    "ForgetRequest",
    "Forgotten",
    "Impact",
    "IngestReply",
    "IngestRequest",
    "InjectionRead",
    "LaterSecrets",
    "LearningCounts",
    "MachineQuarantine",
    "Match",
    "MemoryChange",
    "MemoryEngine",
    "MemoryHistory",
    "MemoryItem",
    "MemoryKind",
    "MemoryRead",
    "MemoryStatistics",
    "MemoryUse",
    "Notice",
    "ProjectStateRead",
    "QuarantinePage",
    "QuarantineQuery",
    "RecallReply",
    "RecallRequest",
    "RememberReply",
    "RememberRequest",
    "Remembered",
    "Transcript",
    "TranscriptTurn",
    "answer_event",
    "assign_session",
    "best_snippets",
    "bind",
    "change_memory",
    "check_event",
    "client_of_session",
    "count_tokens",
    "cursors_of",
    "decisions_by_impact",
    "delete_memory",
    "find_injection",
    "forget",
    "handle_hook",
    "history_of",
    "index_changes",
    "index_missing",
    "ingest",
    "learn_opened",
    "learning_counts",
    "memory_of_session",
    "note_opened",
    "put_state",
    "quarantine_machine",
    "quarantined_page",
    "rate",
    "recall",
    "recall_contexts",
    "recent_injections",
    "release",
    "remember",
    "render_block",
    "renew_cut",
    "short_id",
    "statistics",
    "take_event",
    "take_in",
]
