"""The tasks of the clients' projects, as trees: how far they are follows from the project."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from claudetools.demo.client_files import ProjectPart
from claudetools.demo.estate import Estate
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.reading import Description, read
from claudetools.demo.texts import chance

WAITS_FOR = ("Date from the client.", "Delivery of the hardware.", "The carrier's answer.", "Holidays at the client.")


class _TaskPart(Description):
    title: str
    type: str
    hours: int
    steps: tuple[str, ...]


class _ProjectKind(Description):
    tasks: tuple[_TaskPart, ...]


@cache
def _tasks_of(kind: str) -> tuple[_TaskPart, ...]:
    return _ProjectKind.model_validate(read("projects.toml")[kind]).tasks


@dataclass(frozen=True, slots=True)
class Progress:
    """How many steps of a project are done, of how many, and what comes next."""

    done: int
    count: int
    next_steps: tuple[str, ...]


def progress_of(estate: Estate, project: ProjectPart, seed: int) -> Progress:
    """Return how far a project is."""
    steps = [step for part in _tasks_of(project.kind) for step in part.steps]
    share = chance(seed, "progress", estate.file.key, project.slug).uniform(0.35, 0.75)
    done = round(len(steps) * {"completed": 1.0, "planned": 0.0, "on_hold": 0.3}.get(project.status, share))
    return Progress(done, len(steps), tuple(steps[done : done + 3]))


def task_records(estate: Estate, seed: int, at: datetime) -> Iterator[Draft]:
    """Return the tasks of all projects of a client."""
    for project in estate.file.projects:
        yield from _tree(estate, project, seed, at)


def _tree(estate: Estate, project: ProjectPart, seed: int, at: datetime) -> Iterator[Draft]:
    by = chance(seed, "tasks", estate.file.key, project.slug)
    parts = _tasks_of(project.kind)
    done = progress_of(estate, project, seed).done
    begun = at - timedelta(days=by.randint(60, 200))
    root = f"task/{estate.file.key}/{project.slug}"
    common = {"client_id": estate.client, "project_id": Ref(f"project/{estate.file.key}/{project.slug}")}
    number = 0
    for place, part in enumerate(parts):
        first, number = number, number + len(part.steps)
        status = "completed" if number <= done else "pending" if first >= done else "in_progress"
        ended = begun + timedelta(days=6 * (place + 1))
        yield Draft(
            resource="tasks",
            key=f"{root}/{place}",
            at=begun,
            values=common
            | {
                "assignee_id": Ref(f"person/{estate.file.technicians[0]}"),
                "title": part.title,
                "type": part.type,
                "status": status,
                "position": place,
                "estimated_minutes": part.hours * 60,
                "actual_minutes": round(part.hours * 60 * by.uniform(0.7, 1.3)) if status == "completed" else None,
                "due_on": (at + timedelta(days=12 * place - 6)).date() if status != "completed" else None,
            },
            kept={"completed_at": ended, "updated_at": ended} if status == "completed" else {},
        )
        for step, title in enumerate(part.steps):
            step_status = _status_of_step(first + step, done, project)
            yield Draft(
                resource="tasks",
                key=f"{root}/{place}/{step}",
                at=begun,
                values=common
                | {
                    "parent_id": Ref(f"{root}/{place}"),
                    "assignee_id": Ref(f"person/{by.choice(estate.file.technicians)}"),
                    "title": title,
                    "type": part.type,
                    "status": step_status,
                    "blocking_reason": by.choice(WAITS_FOR) if step_status == "blocked" else None,
                    "position": step,
                },
                kept={"completed_at": ended, "updated_at": ended} if step_status == "completed" else {},
            )


def _status_of_step(number: int, done: int, project: ProjectPart) -> str:
    if number < done:
        return "completed"
    if number > done or project.status == "planned":
        return "pending"
    return "blocked" if project.status == "on_hold" else "in_progress"
