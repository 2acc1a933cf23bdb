"""What memory is given beside the sessions told line by line: digests, states of projects, decisions, notes."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from claudetools.demo.estate import Estate
from claudetools.demo.plan import Draft, Note, Ref
from claudetools.demo.reading import Description, read
from claudetools.demo.schedule import Shift
from claudetools.demo.task_records import WAITS_FOR, progress_of
from claudetools.demo.texts import chance
from claudetools.demo.work_records import machine_ref, project_ref, session_ref

DIGESTED = 0.05
"""How many of the sessions have a digest: each costs the time of an embedding to load."""
PHASES = {
    "planned": ("planning", "on_track"),
    "active": ("under way", "on_track"),
    "on_hold": ("on hold", "blocked"),
    "completed": ("done", "done"),
}
"""Phase and standing of a project by its status."""


class _DecisionPart(Description):
    key: str
    client: str
    project: str | None = None
    by: str
    days_ago: int
    type: str
    text: str
    rationale: str
    alternatives: tuple[str, ...]
    impact: str
    tags: tuple[str, ...]
    superseded_by: str | None = None


class _SnippetPart(Description):
    client: str
    by: str
    category: str
    title: str
    text: str
    tags: tuple[str, ...]
    score: float


class _KnowledgeFile(Description):
    decision: tuple[_DecisionPart, ...]
    snippet: tuple[_SnippetPart, ...]


def digest_records(shift: Shift, seed: int) -> Iterator[Draft]:
    """Return the digest of a session, for some of them."""
    by = chance(seed, "digest", shift.key)
    if shift.ended_at is None or by.random() > DIGESTED:
        return
    texts = [occasion.text(occasion.situation.done) for occasion in shift.occasions]
    failed = (
        occasion.text(f"`{command.run}` fails: {command.pattern} Instead: {command.instead}")
        for occasion in shift.occasions
        for command in occasion.situation.commands
        if command.pattern and command.instead
    )
    decisions = (
        occasion.situation.decision and occasion.text(occasion.situation.decision) for occasion in shift.occasions
    )
    yield Draft(
        resource="conversation-contexts",
        key=f"digest/{shift.key}",
        by=shift.technician.key,
        at=shift.ended_at,
        values={
            "client_id": shift.estate.client,
            "project_id": project_ref(shift),
            "session_id": session_ref(shift),
            "machine_id": machine_ref(shift),
            "context_type": "session_summary",
            "title": shift.title,
            "dense_summary": "\n".join((*texts, *failed)),
            "key_decisions": [decision[:500] for decision in decisions if decision],
            "tags": sorted({tag for occasion in shift.occasions for tag in occasion.situation.tags}),
            "relevance_score": round(by.uniform(4.0, 8.5), 1),
        },
    )


def project_state_records(estate: Estate, seed: int, at: datetime) -> Iterator[Draft]:
    """Return where each project of a client stands."""
    for project in estate.file.projects:
        by = chance(seed, "project state", estate.file.key, project.slug)
        progress = progress_of(estate, project, seed)
        phase, standing = PHASES[project.status]
        yield Draft(
            resource="project-states",
            key=f"state/{estate.file.key}/{project.slug}",
            by=estate.file.technicians[0],
            at=at - timedelta(days=by.randint(2, 25)),
            values={
                "project_id": Ref(f"project/{estate.file.key}/{project.slug}"),
                "phase": phase,
                "status": standing,
                "progress_percent": round(100 * progress.done / progress.count),
                "summary": f"{project.name}: {project.description}",
                "blockers": [by.choice(WAITS_FOR)] if project.status == "on_hold" else [],
                "next_actions": list(progress.next_steps),
                "key_files": [project.folder] if project.folder else [],
            },
        )


def knowledge_records(at: datetime) -> Iterator[Draft]:
    """Return the decisions and the snippets that are logged on purpose."""
    file = _KnowledgeFile.model_validate(read("knowledge.toml"))
    for decision in file.decision:
        yield Draft(
            resource="decision-logs",
            key=f"decision/{decision.key}",
            by=decision.by,
            at=at - timedelta(days=decision.days_ago),
            values={
                "client_id": Ref(f"client/{decision.client}"),
                "project_id": Ref(f"project/{decision.client}/{decision.project}") if decision.project else None,
                "decision_type": decision.type,
                "decision_text": decision.text,
                "rationale": decision.rationale,
                "alternatives": list(decision.alternatives),
                "impact": decision.impact,
                "tags": list(decision.tags),
                "superseded_by_id": Ref(f"decision/{decision.superseded_by}") if decision.superseded_by else None,
            },
        )
    for snippet in file.snippet:
        yield Draft(
            resource="context-snippets",
            key=f"snippet/{snippet.title}",
            by=snippet.by,
            at=at - timedelta(days=len(snippet.text) // 4),
            values={
                "client_id": Ref(f"client/{snippet.client}"),
                "category": snippet.category,
                "title": snippet.title,
                "dense_content": snippet.text,
                "tags": list(snippet.tags),
                "relevance_score": snippet.score,
            },
        )


def decision_records(shifts: Sequence[Shift]) -> Iterator[Draft]:
    """Return the decisions that were made in sessions, each once for a client."""
    seen: set[tuple[str, str]] = set()
    for shift in shifts:
        for occasion in shift.occasions:
            decision, about = occasion.situation.decision, (shift.estate.file.key, occasion.situation.key)
            if decision is None or shift.ended_at is None or about in seen:
                continue
            seen.add(about)
            yield Draft(
                resource="decision-logs",
                key=f"decision/{shift.key}",
                by=shift.technician.key,
                at=shift.ended_at,
                values={
                    "client_id": shift.estate.client,
                    "project_id": project_ref(shift),
                    "session_id": session_ref(shift),
                    "decision_type": occasion.situation.area,
                    "decision_text": occasion.text(decision),
                    "impact": "high" if occasion.situation.priority in ("high", "critical") else "medium",
                    "tags": list(occasion.situation.tags),
                },
            )


def notes(estate: Estate, shifts: Sequence[Shift]) -> Iterator[Note]:
    """Return what people have told memory to keep about a client, and what its sessions have taught."""
    for fact in estate.file.facts:
        yield Note(client=estate.client, kind=fact.kind, text=fact.text, tags=fact.tags, by=fact.by)
    learned = {
        occasion.situation.key: (shift, occasion)
        for shift in shifts
        for occasion in shift.occasions
        if shift.estate is estate and occasion.situation.fact is not None
    }
    for shift, occasion in learned.values():
        yield Note(
            client=estate.client,
            kind="fact",
            text=occasion.text(occasion.situation.fact or ""),
            tags=occasion.situation.tags,
            by=shift.technician.key,
        )
