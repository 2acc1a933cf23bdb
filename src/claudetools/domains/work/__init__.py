"""Work: sessions and what was done in them."""

from claudetools.domains.work.commands_run import COMMANDS_RUN, CommandRun
from claudetools.domains.work.database_changes import DATABASE_CHANGES, DatabaseChange
from claudetools.domains.work.deployments import DEPLOYMENTS, Deployment
from claudetools.domains.work.file_changes import FILE_CHANGES, FileChange
from claudetools.domains.work.infrastructure_changes import INFRASTRUCTURE_CHANGES, InfrastructureChange
from claudetools.domains.work.pending_tasks import PENDING_TASKS, PendingTask
from claudetools.domains.work.problem_solutions import (
    PROBLEM_SOLUTIONS,
    ProblemSolution,
    ProblemSolutionRead,
    note_recurrence,
)
from claudetools.domains.work.sessions import (
    SESSIONS,
    SessionRead,
    SessionStatus,
    SessionTag,
    WorkSession,
)
from claudetools.domains.work.tasks import TASKS, Task
from claudetools.domains.work.work_items import WORK_ITEMS, WorkItem, WorkItemStatus, WorkItemTag

__all__ = [
    "COMMANDS_RUN",
    "DATABASE_CHANGES",
    "DEPLOYMENTS",
    "FILE_CHANGES",
    "INFRASTRUCTURE_CHANGES",
    "PENDING_TASKS",
    "PROBLEM_SOLUTIONS",
    "SESSIONS",
    "TASKS",
    "WORK_ITEMS",
    "CommandRun",
    "DatabaseChange",
    "Deployment",
    "FileChange",
    "InfrastructureChange",
    "PendingTask",
    "ProblemSolution",
    "ProblemSolutionRead",
    "SessionRead",
    "SessionStatus",
    "SessionTag",
    "Task",
    "WorkItem",
    "WorkItemStatus",
    "WorkItemTag",
    "WorkSession",
    "note_recurrence",
]
