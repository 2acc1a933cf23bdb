"""How technicians work together: messages, and how the parts of projects stand."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import Field

from claudetools.demo.estate import Estate
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.reading import Description, read


class _MessagePart(Description):
    sender: str = Field(alias="from")
    to: str | None = None
    client: str | None = None
    days_ago: int
    subject: str
    body: str


class _MessagesFile(Description):
    message: tuple[_MessagePart, ...]


def message_records(at: datetime) -> Iterator[Draft]:
    """Return the messages, the oldest first."""
    parts = _MessagesFile.model_validate(read("messages.toml")).message
    for number, part in enumerate(sorted(parts, key=lambda part: -part.days_ago)):
        yield Draft(
            resource="messages",
            key=f"message/{number}",
            by=part.sender,
            at=at - timedelta(days=part.days_ago),
            values={
                "client_id": Ref(f"client/{part.client}") if part.client else None,
                "recipient_user_id": Ref(f"person/{part.to}") if part.to else None,
                "subject": part.subject,
                "body": part.body,
            },
        )


def component_records(estate: Estate, at: datetime) -> Iterator[Draft]:
    """Return how the parts of a client's projects stand."""
    for project in estate.file.projects:
        for component, status in project.components.items():
            yield Draft(
                resource="component-states",
                key=f"component/{estate.file.key}/{project.slug}/{component}",
                by=estate.file.technicians[0],
                at=at - timedelta(days=len(component)),
                values={
                    "project_id": Ref(f"project/{estate.file.key}/{project.slug}"),
                    "component": component,
                    "status": status,
                },
            )
