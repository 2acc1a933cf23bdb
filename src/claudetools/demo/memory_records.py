"""What memory is given beside the sessions told line by line: digests of sessions, states of projects, notes."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from claudetools.demo.estate import Estate
from claudetools.demo.plan import Draft, Note, Ref
from claudetools.demo.schedule import Shift
from claudetools.demo.texts import chance
from claudetools.demo.work_records import machine_ref, project_ref, session_ref

DIGESTED = 0.06
"""How many of the sessions have a digest: each costs the time of an embedding to load."""
PHASES = {"planned": "Planning", "active": "Under way", "on_hold": "On hold", "completed": "Done"}


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
        yield Draft(
            resource="conversation-contexts",
            key=f"state/{estate.file.key}/{project.slug}",
            by=estate.file.technicians[0],
            at=at - timedelta(days=by.randint(2, 25)),
            values={
                "client_id": estate.client,
                "project_id": Ref(f"project/{estate.file.key}/{project.slug}"),
                "context_type": "project_state",
                "title": f"{project.name}: where it stands",
                "dense_summary": f"{PHASES[project.status]}. {project.description}",
                "current_state": {"status": project.status, "contact": estate.file.contacts[0].name},
                "tags": [project.kind],
                "relevance_score": 7.0,
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
