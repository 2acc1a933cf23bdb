"""Making the plan: the same seed, day and scale give the same records in the same order."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from claudetools.demo.backup_records import backup_records
from claudetools.demo.billing_records import billing_records
from claudetools.demo.client_files import client_files
from claudetools.demo.client_records import client_folders, client_records
from claudetools.demo.coordination_records import component_records, message_records
from claudetools.demo.credential_records import credential_records
from claudetools.demo.document_records import document_records
from claudetools.demo.estate import Estate, make_estate
from claudetools.demo.firewall_records import firewall_records
from claudetools.demo.firm_records import firm_records, people, rate_records
from claudetools.demo.incident_records import incident_records, open_incident_records
from claudetools.demo.learning_records import learning_records, limit_records
from claudetools.demo.leftover_records import leftover_records
from claudetools.demo.memory_records import (
    decision_records,
    digest_records,
    knowledge_records,
    notes,
    project_state_records,
)
from claudetools.demo.plan import Draft, Plan
from claudetools.demo.relation_records import relation_records
from claudetools.demo.schedule import Shift, make_schedule
from claudetools.demo.service_records import service_records
from claudetools.demo.solution_records import solution_records
from claudetools.demo.task_records import task_records
from claudetools.demo.ticket_records import sign_in_records, ticket_records
from claudetools.demo.told import told_sessions
from claudetools.demo.work_records import work_records

SEED = 7


def make_plan(at: datetime, *, seed: int = SEED, scale: float = 1.0) -> Plan:
    """Return the sample data as of `at`, an instant with a time zone.

    `scale` multiplies sessions and workplaces: 1 is a year of about a thousand sessions, 0.05 is for tests, 10 and more
    for measuring. Clients, servers and their networks stay.
    """
    estates = [make_estate(file, seed, scale) for file in client_files()]
    shifts = make_schedule(estates, seed, at, scale)
    return Plan(
        people=tuple(people()),
        drafts=tuple(_drafts(estates, shifts, seed, at)),
        folders=tuple(folder for estate in estates for folder in client_folders(estate)),
        notes=tuple(note for estate in estates for note in notes(estate, shifts)),
        told=tuple(told_sessions(at)),
    )


def _drafts(estates: Sequence[Estate], shifts: Sequence[Shift], seed: int, at: datetime) -> Iterator[Draft]:
    yield from firm_records()
    for estate in estates:
        yield from client_records(estate, seed, at)
        yield from service_records(estate)
        yield from firewall_records(estate, at)
        yield from document_records(estate, seed, at)
        yield from relation_records(estate)
        yield from task_records(estate, seed, at)
        yield from project_state_records(estate, seed, at)
        yield from component_records(estate, at)
        yield from credential_records(estate, seed, at)
        yield from limit_records(estate, at)
        yield from open_incident_records(estate, at)
    yield from rate_records(at)
    yield from sign_in_records(at)
    yield from knowledge_records(at)
    yield from message_records(at)
    yield from backup_records(seed, at)
    for shift in shifts:
        yield from work_records(shift, seed)
        yield from leftover_records(shift, seed, at)
        yield from billing_records(shift, seed, at)
        yield from ticket_records(shift, seed)
        yield from incident_records(shift, at)
        yield from digest_records(shift, seed)
    yield from solution_records(shifts)
    yield from decision_records(shifts)
    yield from learning_records(shifts, seed)
