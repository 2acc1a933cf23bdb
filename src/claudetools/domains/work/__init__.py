"""Work: sessions and what was done in them."""

from claudetools.domains.work.sessions import (
    SESSIONS,
    SessionRead,
    SessionStatus,
    WorkSession,
    session_tags,
    set_session_tags,
)

__all__ = ["SESSIONS", "SessionRead", "SessionStatus", "WorkSession", "session_tags", "set_session_tags"]
