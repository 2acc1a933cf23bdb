"""What the plan says, without a database."""

import ipaddress
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from claudetools.demo import Draft, Plan, Ref, make_plan
from claudetools.demo.firm_files import catalogue
from claudetools.demo.plan import OWNER
from claudetools.demo.situation_files import situations
from claudetools.domains import RESOURCES
from claudetools.kit.redact import Redactor
from claudetools.kit.resource.declare import Verb

AT = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
E_MAIL = re.compile(r"[\w.-]+@([\w.-]+\w)")
FOR_EXAMPLES = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
# What the British regulator keeps for drama.
FOR_DRAMA = re.compile(
    r"01632 960\d{3}|07700 900\d{3}|(0113|0114|0115|0116|0117|0118|0121|0131|0141|0151|0161) 496 0\d{3}"
    r"|0191 498 0\d{3}|029 2018 0\d{3}"
)
MADE_UP_SECRET = "not-a-real-password"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(AT)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def everything_said(plan: Plan) -> Iterator[str]:
    for draft in plan.drafts:
        yield from texts(dict(draft.values))
    for note in plan.notes:
        yield note.text
    for told in plan.told:
        yield from texts(told.lines)


def of(plan: Plan, resource: str) -> list[Draft]:
    return [draft for draft in plan.drafts if draft.resource == resource]


def test_the_same_seed_gives_the_same_plan_and_another_gives_another() -> None:
    assert make_plan(AT, scale=0.05) == make_plan(AT, scale=0.05)
    assert make_plan(AT, scale=0.05, seed=8) != make_plan(AT, scale=0.05)


def test_it_is_a_firm_with_a_year_of_work(plan: Plan) -> None:
    counts = plan.counts()
    assert counts["clients"] == 12
    assert 290 <= counts["infrastructure"] <= 310
    assert 900 <= counts["sessions"] <= 1_500
    assert counts["problem-solutions"] > 100
    assert len(plan.people) == 5
    assert {draft.by for draft in of(plan, "sessions")} == {person.key.partition("/")[2] for person in plan.people}
    first = min(draft.at for draft in of(plan, "sessions") if draft.at)
    assert timedelta(days=350) < AT - first <= timedelta(days=366)


def test_every_kind_of_record_that_people_make_is_in_it(plan: Plan) -> None:
    of_the_moment = {"locks", "api-tokens"}
    made = {resource.name for resource in RESOURCES if Verb.CREATE in resource.verbs}
    assert made - of_the_moment <= set(plan.counts())


def test_the_scale_multiplies_the_work_and_the_workplaces() -> None:
    small, large = make_plan(AT, scale=0.05).counts(), make_plan(AT, scale=2).counts()
    assert small["clients"] == large["clients"] == 12
    assert large["sessions"] > 25 * small["sessions"]
    assert large["infrastructure"] > small["infrastructure"] + 100


def test_there_are_many_situations_and_most_of_them_come_up(plan: Plan) -> None:
    assert len(situations()) >= 40
    assert len({situation.key for situation in situations()}) == len(situations())
    titles = {draft.values["title"] for draft in of(plan, "work-items")}
    assert len(titles) > 500


def test_what_a_record_refers_to_comes_before_it(plan: Plan) -> None:
    known = {person.key for person in plan.people}
    for draft in plan.drafts:
        named = {value.key for value in (*draft.values.values(), *draft.kept.values()) if isinstance(value, Ref)}
        named |= {f"tag/{tag}" for tag in draft.tags}
        named |= set() if draft.by == OWNER else {f"person/{draft.by}"}
        assert named <= known, draft
        assert draft.key not in known, draft
        known.add(draft.key)
    for told in plan.told:
        assert {told.machine.key, f"person/{told.by}"} <= known
    assert {note.client.key for note in plan.notes} <= known


def test_no_place_in_a_text_is_left_open(plan: Plan) -> None:
    assert not [text for text in everything_said(plan) if "«" in text or "»" in text]


def test_nothing_lies_in_the_future_but_what_is_due(plan: Plan) -> None:
    for draft in plan.drafts:
        assert draft.at is None or draft.at < AT, draft
        for name, value in {**draft.values, **draft.kept}.items():
            if isinstance(value, datetime) and name != "expires_at":
                assert value < AT, (name, draft)
    sessions = of(plan, "sessions")
    assert all(d.values["ended_at"] is None or d.values["ended_at"] > d.values["started_at"] for d in sessions)
    assert sum(draft.values["status"] == "in_progress" for draft in sessions) == 2


def test_nobody_works_on_two_things_at_once(plan: Plan) -> None:
    free_from: dict[str, datetime] = {}
    for draft in of(plan, "sessions"):
        started_at, ended_at = draft.values["started_at"], draft.values["ended_at"]
        if ended_at is not None:
            assert started_at >= free_from.get(draft.by, started_at), draft
            free_from[draft.by] = ended_at


def test_there_is_something_to_look_after(plan: Plan) -> None:
    assert {draft.values["status"] for draft in of(plan, "security-incidents")} >= {"open", "investigating", "closed"}
    ends = [draft.values["warranty_ends_on"] for draft in of(plan, "infrastructure")]
    dates = [end for end in ends if isinstance(end, date)]
    assert sum(end < AT.date() for end in dates) > 20
    assert sum(AT.date() <= end < AT.date() + timedelta(days=90) for end in dates) > 3
    still_open = [draft for draft in of(plan, "pending-tasks") if draft.values["status"] != "done"]
    assert any(draft.values["due_on"] < AT.date() for draft in still_open)
    assert any(draft.values["due_on"] > AT.date() for draft in still_open)
    assert any(draft.kept["recurrence_count"] > 2 for draft in of(plan, "problem-solutions"))
    failed = [draft.values for draft in of(plan, "commands-run") if draft.values["exit_code"]]
    assert failed
    assert all(values["failure_pattern"] and values["resolution"] for values in failed)


def test_addresses_and_numbers_are_nobodys(plan: Plan) -> None:
    versions = {version for hardware in catalogue().hardware.values() for version in hardware.versions}
    for text in everything_said(plan):
        for found in set(ADDRESS.findall(text)) - versions:
            try:
                address = ipaddress.ip_address(found)
            except ValueError:
                continue  # a version
            is_inside = address.is_private or address.is_loopback or address.is_link_local
            assert is_inside or any(address in net for net in FOR_EXAMPLES), (found, text)
        for domain in E_MAIL.findall(text):
            assert domain.endswith(".example") or "." not in domain, text
    for draft in plan.drafts:
        for name in ("phone", "mobile"):
            assert draft.resource not in ("contacts", "sites") or FOR_DRAMA.fullmatch(
                draft.values.get(name, "01632 960000")
            )


def test_only_the_made_up_secret_looks_like_one(plan: Plan) -> None:
    redactor, resources = Redactor(b"0" * 32), {resource.name: resource for resource in RESOURCES}
    redacted = [
        draft.values[name]
        for draft in plan.drafts
        for name in resources[draft.resource].redacts
        if draft.values.get(name) and redactor.redact_value(draft.values[name]) != draft.values[name]
    ]
    assert redacted
    assert all(MADE_UP_SECRET in text for text in redacted)
    assert all(redactor.redact(note.text).text == note.text for note in plan.notes)
