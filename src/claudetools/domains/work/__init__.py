"""Work: sessions and what was done in them."""

from claudetools.domains.work.sessions import SESSIONS, SessionRead, SessionStatus, SessionTag, WorkSession

__all__ = ["SESSIONS", "SessionRead", "SessionStatus", "SessionTag", "WorkSession"]
