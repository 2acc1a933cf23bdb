"""What memory keeps of work: work items, tasks, and things left to do."""

from claudetools.domains.memory.records.recallable.content import Recallable, lines, said
from claudetools.domains.work import PendingTask, Task, WorkItem


def of_work_item(row: WorkItem) -> Recallable:
    """Return a piece of work with the systems that it touched."""
    return Recallable(
        kind="work",
        title=row.title,
        text=lines(
            f"{row.title} ({said(row.category.value)}, {said(row.status.value)})",
            row.description,
            systems=row.affected_systems,
            technologies=row.technologies_used,
        ),
        importance=0.45,
        tags=tuple(row.affected_systems),
    )


def of_task(row: Task) -> Recallable:
    """Return something to do, or done."""
    return Recallable(
        kind="work",
        title=row.title,
        text=lines(
            f"{row.title} ({said(row.type.value)} task, {said(row.status.value)})",
            row.description,
            blocked=row.blocking_reason,
            due=None if row.due_on is None else row.due_on.isoformat(),
        ),
        importance=0.45,
    )


def of_pending_task(row: PendingTask) -> Recallable:
    """Return something that was left to do, or done since."""
    return Recallable(
        kind="work",
        title=row.title,
        text=lines(
            f"{row.title} (left to do, {said(row.status.value)})",
            row.description,
            blocked=row.blocked_by,
            due=None if row.due_on is None else row.due_on.isoformat(),
        ),
        importance=0.45,
    )
