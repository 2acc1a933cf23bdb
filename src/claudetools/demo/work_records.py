"""Sessions and what was done in them: work items, commands, changes, deployments."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from claudetools.demo.facts import target_of
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.schedule import Occasion, Shift
from claudetools.demo.situation_files import CommandPart
from claudetools.demo.texts import chance

ABANDONED = 0.02
UNFINISHED = 0.03
WITH_COMMANDS = 0.7
STUMBLES = 0.5
TAGGED = 0.15


def work_records(shift: Shift, seed: int) -> Iterator[Draft]:
    """Return a session and everything that was recorded in it."""
    by = chance(seed, "work", shift.key)
    yield _session(shift, by)
    begin = shift.started_at
    for number, occasion in enumerate(shift.occasions):
        minutes = shift.minutes // len(shift.occasions)
        yield _work_item(shift, occasion, number, begin, minutes, by)
        yield from _parts(shift, occasion, number, begin, by)
        begin += timedelta(minutes=minutes)


def session_ref(shift: Shift) -> Ref:
    """Return the record of a session."""
    return Ref(shift.key)


def work_item_ref(shift: Shift, number: int) -> Ref:
    """Return the record of a piece of work in a session."""
    return Ref(f"work-item/{shift.key}/{number}")


def project_ref(shift: Shift) -> Ref | None:
    """Return the record of the project that a session belongs to."""
    slugs = {occasion.situation.project for occasion in shift.occasions}
    file = shift.estate.file
    slug = next((project.slug for project in file.projects if project.slug in slugs), None)
    return Ref(f"project/{file.key}/{slug}") if slug else None


def machine_ref(shift: Shift) -> Ref:
    """Return the record of the machine that a session ran on."""
    return Ref(f"machine/{shift.machine}")


def _session(shift: Shift, by: Random) -> Draft:
    is_over = shift.ended_at is not None
    status = "in_progress" if not is_over else "abandoned" if by.random() < ABANDONED else "completed"
    tags = tuple(dict.fromkeys(tag for occasion in shift.occasions for tag in occasion.situation.tags))
    return Draft(
        resource="sessions",
        key=shift.key,
        by=shift.technician.key,
        at=shift.started_at,
        tags=tags if by.random() < TAGGED else (),
        values={
            "client_id": shift.estate.client,
            "project_id": project_ref(shift),
            "machine_id": machine_ref(shift),
            "title": shift.title,
            "status": status,
            "started_at": shift.started_at,
            "ended_at": shift.ended_at,
            "summary": "\n\n".join(occasion.text(occasion.situation.done) for occasion in shift.occasions)
            if is_over
            else None,
            "claude_session_ids": [str(UUID(int=by.getrandbits(128), version=4))],
        },
    )


def _work_item(shift: Shift, occasion: Occasion, number: int, begin: datetime, minutes: int, by: Random) -> Draft:
    situation = occasion.situation
    is_over = shift.ended_at is not None
    status = "in_progress" if not is_over else by.choice(["deferred", "blocked"]) if by.random() < UNFINISHED else ""
    done = f"\n\n{occasion.text(situation.done)}" if is_over and not status else ""
    completed_at = begin + timedelta(minutes=minutes)
    return Draft(
        resource="work-items",
        key=work_item_ref(shift, number).key,
        by=shift.technician.key,
        at=begin,
        values={
            "session_id": session_ref(shift),
            "category": situation.category,
            "title": occasion.title,
            "description": occasion.text(situation.asked) + done,
            "status": status or "completed",
            "priority": situation.priority,
            "is_billable": situation.billable > 0 and shift.estate.file.type == "msp_client",
            "estimated_minutes": round(minutes * by.uniform(0.6, 1.2) / 15) * 15 or 15,
            "actual_minutes": minutes if is_over else None,
            "affected_systems": [occasion.facts["host"]]
            if occasion.system
            else [f"Microsoft 365 of {shift.estate.file.name}"],
            "technologies_used": list(situation.technologies),
            "position": number,
        },
        kept={} if status else {"completed_at": completed_at, "updated_at": completed_at},
    )


def _parts(shift: Shift, occasion: Occasion, number: int, begin: datetime, by: Random) -> Iterator[Draft]:
    """Return what was recorded of a piece of work beside itself."""
    situation = occasion.situation
    place = {"session_id": session_ref(shift), "work_item_id": work_item_ref(shift, number)}
    system = Ref(occasion.system.key) if occasion.system else None
    if by.random() < WITH_COMMANDS:
        for position, command in enumerate(situation.commands):
            if command.exit and by.random() > STUMBLES:
                continue
            at = begin + timedelta(minutes=3 + 4 * position, seconds=by.randrange(60))
            yield _command(shift, occasion, command, place | {"position": position}, at, by)
    if shift.ended_at is None:
        return
    end = begin + timedelta(minutes=shift.minutes // len(shift.occasions) - 2)

    def part(resource: str, values: dict[str, object], **kept: object) -> Draft:
        suffix = f"{shift.key}/{number}" + (f"/{values['path']}" if "path" in values else "")
        return Draft(
            resource=resource,
            key=f"{resource}/{suffix}",
            by=shift.technician.key,
            at=end,
            values=place | values,
            kept=kept,
        )

    if (change := situation.change) is not None:
        yield part(
            "infrastructure-changes",
            {
                "infrastructure_id": system,
                "category": change.category,
                "change_type": change.type,
                "title": occasion.text(change.title),
                "state_before": occasion.text(change.before),
                "state_after": occasion.text(change.after),
                "rollback_procedure": occasion.text(change.rollback),
                "is_verified": by.random() < 0.85,
                "is_permanent": change.permanent,
            },
        )
    if (deployment := situation.deployment) is not None:
        has_failed = by.random() < 0.06
        yield part(
            "deployments",
            {
                "infrastructure_id": system,
                "type": deployment.type,
                "version_label": occasion.text(deployment.version)[:64],
                "deployed_from": occasion.text(deployment.source) if deployment.source else None,
                "deployed_to": occasion.text(deployment.target),
                "method": occasion.text(deployment.method),
                "status": "rolled_back" if has_failed else "succeeded",
                "rollback_plan": occasion.text(deployment.rollback),
                "notes": "Taken back: not all tests passed. Next try in the next window." if has_failed else None,
            },
            deployed_at=end,
        )
    if (database := situation.database) is not None:
        yield part(
            "database-changes",
            {
                "infrastructure_id": system,
                "database_name": database.database,
                "change_type": database.type,
                "statement": occasion.text(database.statement),
                "rows_affected": by.randrange(0, 90_000) if database.type == "cleanup" else None,
                "is_backed_up": True,
                "backup_location": database.backup,
            },
        )
    for file in situation.files:
        yield part(
            "file-changes",
            {
                "path": occasion.text(file.path),
                "change_type": file.type,
                "lines_added": file.added,
                "lines_removed": file.removed,
                "content_hash": f"{by.getrandbits(256):064x}",
            },
        )


def _command(
    shift: Shift, occasion: Occasion, command: CommandPart, place: dict[str, object], at: datetime, by: Random
) -> Draft:
    target = occasion.system.key if occasion.system else None
    if command.target is not None:
        target = target_of(shift.estate, occasion.facts, command.target) or target
    return Draft(
        resource="commands-run",
        key=f"command/{shift.key}/{at.isoformat()}",
        by=shift.technician.key,
        at=at,
        values=place
        | {
            "infrastructure_id": Ref(target) if target else None,
            "shell": command.shell,
            "command": occasion.text(command.run),
            "exit_code": command.exit,
            "is_success": command.exit == 0,
            "duration_ms": by.randrange(80, 9_000),
            "output_summary": occasion.text(command.says) or None,
            "failure_pattern": occasion.text(command.pattern) if command.pattern else None,
            "resolution": occasion.text(command.instead) if command.instead else None,
        },
    )
