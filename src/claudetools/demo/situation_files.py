"""What `situations/*.toml` describe: what comes up at clients, what is done about it, and how that is written down."""

from functools import cache, cached_property
from typing import Literal

from pydantic import Field

from claudetools.demo.reading import Description, names_in, read
from claudetools.demo.texts import PLACE

TENANT_ROLE = "m365"
"""In place of a role of equipment: the situation is one of the client's Microsoft 365 tenant."""


class CommandPart(Description):
    """A command: what was typed, what it said, and for one that failed why and what works instead."""

    shell: Literal["bash", "sh", "zsh", "powershell", "cmd", "ssh", "sql", "other"]
    run: str
    says: str = ""
    exit: int = 0
    pattern: str | None = None
    instead: str | None = None
    target: str | None = None


class ChangePart(Description):
    """A change to the system."""

    category: str
    type: str
    title: str
    before: str
    after: str
    rollback: str
    permanent: bool = True


class ProblemPart(Description):
    """What was wrong and what put it right."""

    title: str
    symptom: str
    code: str | None = None
    message: str | None = None
    investigation: str | None = None
    cause: str
    solution: str
    verification: str | None = None
    prevention: str | None = None


class LeftPart(Description):
    """What is left to do, and within how many days."""

    title: str
    description: str
    priority: str
    days: int


class IncidentPart(Description):
    """A security incident. It was contained and resolved so many minutes after it was noticed."""

    type: str
    severity: str
    status: str
    title: str
    description: str
    findings: str
    steps: tuple[str, ...] = ()
    lessons: str | None = None
    contained: int | None = None
    resolved: int | None = None


class DeploymentPart(Description):
    """A version brought to the system."""

    type: str
    version: str
    source: str | None = None
    target: str
    method: str
    rollback: str


class DatabasePart(Description):
    """A change to a database."""

    database: str
    type: str
    statement: str
    backup: str


class FilePart(Description):
    """A change to a file."""

    path: str
    type: str
    added: int = 0
    removed: int = 0


class Situation(Description):
    """A situation.

    Attributes:
        area: who is best at it.
        on: roles, one of which the system must have; `only` are roles that it must have besides.
        skip: clients that it never happens at.
        weight: how often it happens, compared with others.
        minutes: the least and the most it takes.
        labour: how it is billed; `billable` is how often it is billed at all.
        late: whether it is done after hours; `once` whether it happens at most once to a system.
        project: slug of the project that it belongs to, at a client that has it.
        picks: more facts, chosen anew each time.
        asked, done: how it came up and what was done. `decision` and `fact` are worth remembering.
    """

    key: str
    area: str
    on: tuple[str, ...]
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    category: str
    priority: str = "medium"
    weight: int
    minutes: tuple[int, int]
    labour: str = "remote"
    billable: float = 1.0
    late: bool = False
    once: bool = False
    project: str | None = None
    tags: tuple[str, ...]
    technologies: tuple[str, ...]
    picks: dict[str, str | list[str]] = {}
    titles: tuple[str, ...]
    asked: str
    done: str
    decision: str | None = None
    fact: str | None = None
    commands: tuple[CommandPart, ...]
    files: tuple[FilePart, ...] = ()
    change: ChangePart | None = None
    problem: ProblemPart | None = None
    left: LeftPart | None = None
    incident: IncidentPart | None = None
    deployment: DeploymentPart | None = None
    database: DatabasePart | None = None

    @cached_property
    def needs(self) -> frozenset[str]:
        """The facts that its texts ask for: it happens only where there are all of them, such as `branch`."""
        return frozenset(PLACE.findall(self.model_dump_json())) - set(self.picks)


class _SituationsFile(Description):
    situations: tuple[Situation, ...] = Field(alias="situation")


@cache
def situations() -> tuple[Situation, ...]:
    """Return all situations, by file and in its order."""
    files = (_SituationsFile.model_validate(read("situations", name)) for name in names_in("situations"))
    return tuple(situation for file in files for situation in file.situations)
