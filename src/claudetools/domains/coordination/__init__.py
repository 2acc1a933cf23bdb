"""Coordination: who works where, what is locked, what was said between people, and how components stand."""

from claudetools.domains.coordination.component_states import COMPONENT_STATES
from claudetools.domains.coordination.messages import (
    MESSAGES,
    Message,
    MessageRead,
    MessageReceipt,
    MessageReceiptRead,
    mark_read,
    unread_messages,
)
from claudetools.domains.coordination.presence import (
    PresenceRead,
    PresenceReport,
    people_at_work,
    report_presence,
)
from claudetools.domains.coordination.resource_locks import LOCKS, ResourceLock

__all__ = [
    "COMPONENT_STATES",
    "LOCKS",
    "MESSAGES",
    "Message",
    "MessageRead",
    "MessageReceipt",
    "MessageReceiptRead",
    "PresenceRead",
    "PresenceReport",
    "ResourceLock",
    "mark_read",
    "people_at_work",
    "report_presence",
    "unread_messages",
]
