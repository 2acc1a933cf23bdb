"""Who worked when for whom, and on what: a year of sessions made of situations."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from random import Random

from claudetools.demo.estate import Estate, System
from claudetools.demo.facts import facts_about
from claudetools.demo.firm_files import PersonPart, firm
from claudetools.demo.situation_files import TENANT_ROLE, Situation, situations
from claudetools.demo.texts import chance, fill, pick

SESSIONS_A_YEAR = 910
FEWEST_SESSIONS = 24
YEAR_DAYS = 365
SATURDAY = 5
SECOND_OCCASION = 0.22
MAX_TITLE = 200


@dataclass(frozen=True)
class Occasion:
    """A situation that came up on a system, or in the tenant, of a client."""

    situation: Situation
    system: System | None
    facts: dict[str, str]

    @cached_property
    def title(self) -> str:
        """What it is called, the same each time it is asked for."""
        titles = self.situation.titles
        return self.text(titles[int(self.facts["variant"]) % len(titles)])[:MAX_TITLE]

    def text(self, text: str) -> str:
        """Return a text of the situation, filled in."""
        return fill(text, self.facts, capitals=frozenset(self.situation.picks))


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A session: one technician at one machine for one client. Without an end it still goes on."""

    key: str
    estate: Estate
    technician: PersonPart
    machine: str
    started_at: datetime
    ended_at: datetime | None
    minutes: int
    occasions: tuple[Occasion, ...]

    @property
    def title(self) -> str:
        """What the session is called."""
        return "; ".join(occasion.title for occasion in self.occasions)[:MAX_TITLE]


@dataclass(frozen=True)
class _Wish:
    """A session before it has a time of the day."""

    estate: Estate
    technician: PersonPart
    occasions: tuple[Occasion, ...]
    minutes: int
    start_minute: int
    variety: int


class _Happenings:
    """What can happen at a client, each with how often and to which systems."""

    def __init__(self, estate: Estate, seed: int) -> None:
        self._estate = estate
        by, anybody = chance(seed, "happenings", estate.file.key), list(estate.staff[:2])
        known = {system.key: set(facts_about(estate, system, anybody, by)) for system in estate.systems}
        tenant = set(facts_about(estate, None, anybody, by))
        self._found: dict[str, tuple[Situation, list[System | None]]] = {}
        for situation in situations():
            if estate.file.key in situation.skip:
                continue
            systems: list[System | None] = [
                system
                for system in estate.systems
                if not system.roles.isdisjoint(situation.on)
                and system.roles.issuperset(situation.only)
                and situation.needs <= known[system.key]
            ]
            if TENANT_ROLE in situation.on and estate.file.m365 and situation.needs <= tenant:
                systems.append(None)
            if systems:
                self._found[situation.key] = (situation, systems)

    def next(self, by: Random) -> Occasion:
        """Return what happens next."""
        weights = [situation.weight for situation, _ in self._found.values()]
        situation, systems = by.choices(list(self._found.values()), weights)[0]
        system = by.choice(systems)
        if situation.once:
            systems.remove(system)
            if not systems:
                del self._found[situation.key]
        facts = facts_about(self._estate, system, by.sample(self._estate.staff, 2), by)
        picks = {name: fill(pick(choice, by), facts) for name, choice in situation.picks.items()}
        return Occasion(situation, system, facts | picks | {"variant": str(by.randrange(60))})


def make_schedule(estates: Sequence[Estate], seed: int, at: datetime, scale: float) -> list[Shift]:
    """Return the sessions of the year before `at`, the oldest first; two of them still go on."""
    by = chance(seed, "schedule")
    happenings = {estate.file.key: _Happenings(estate, seed) for estate in estates}
    days: defaultdict[tuple[int, str], list[_Wish]] = defaultdict(list)
    for _ in range(max(FEWEST_SESSIONS, round(SESSIONS_A_YEAR * scale))):
        estate = by.choices(estates, [estate.file.weight for estate in estates])[0]
        wish = _wish(estate, happenings[estate.file.key], by)
        days[_workday(at, by), wish.technician.key].append(wish)
    laid = [shift for (ago, _), wishes in days.items() for shift in _lay_out(at, ago, wishes, by)]
    laid += _under_way(estates, happenings, at, by)
    laid.sort(key=lambda shift: (shift.started_at, shift.technician.key))
    return [_numbered(shift, number) for number, shift in enumerate(laid, 1)]


def _wish(estate: Estate, happenings: _Happenings, by: Random) -> _Wish:
    occasions = [happenings.next(by)]
    first = occasions[0].situation
    if by.random() < SECOND_OCCASION and not first.late:
        second = happenings.next(by)
        if not second.situation.late:
            occasions.append(second)
    minutes = sum(by.randint(*occasion.situation.minutes) for occasion in occasions)
    start = by.randint(18 * 60 + 15, 20 * 60) if first.late else by.randint(7 * 60 + 45, 16 * 60 + 30)
    return _Wish(estate, _technician(estate, first.area, by), tuple(occasions), minutes, start, by.randrange(1000))


def _technician(estate: Estate, area: str, by: Random) -> PersonPart:
    people = firm().people
    weights = [1 + 5 * (area in person.areas) + 4 * (person.key in estate.file.technicians) for person in people]
    return by.choices(people, weights)[0]


def _workday(at: datetime, by: Random) -> int:
    """Return how many days ago a working day was."""
    while True:
        ago = by.randint(1, YEAR_DAYS)
        if (at - timedelta(days=ago)).weekday() < SATURDAY:
            return ago


def _lay_out(at: datetime, ago: int, wishes: list[_Wish], by: Random) -> Iterator[Shift]:
    """Put what one person did on one day one after the other."""
    midnight = datetime.combine((at - timedelta(days=ago)).date(), time(), at.tzinfo)
    free_from = 0
    for wish in sorted(wishes, key=lambda wish: (wish.start_minute, wish.variety)):
        start = max(wish.start_minute, free_from)
        free_from = start + wish.minutes + by.randint(5, 25)
        started_at = midnight + timedelta(minutes=start, seconds=by.randrange(60))
        yield _shift(wish, started_at, started_at + timedelta(minutes=wish.minutes), by)


def _under_way(
    estates: Sequence[Estate], happenings: dict[str, _Happenings], at: datetime, by: Random
) -> Iterator[Shift]:
    """Return two sessions that go on, of two people."""
    busy = ""
    for estate in by.sample([estate for estate in estates if estate.file.type == "msp_client"], 2):
        wish = _wish(estate, happenings[estate.file.key], by)
        while wish.technician.key == busy:
            wish = _wish(estate, happenings[estate.file.key], by)
        busy = wish.technician.key
        yield _shift(wish, at - timedelta(minutes=by.randint(12, 55)), None, by)


def _shift(wish: _Wish, started_at: datetime, ended_at: datetime | None, by: Random) -> Shift:
    return Shift(
        key="",
        estate=wish.estate,
        technician=wish.technician,
        machine=by.choice(wish.technician.machines).host,
        started_at=started_at,
        ended_at=ended_at,
        minutes=wish.minutes,
        occasions=wish.occasions,
    )


def _numbered(shift: Shift, number: int) -> Shift:
    return Shift(**{**vars(shift), "key": f"session/{number:05}"})
