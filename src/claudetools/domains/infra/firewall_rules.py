"""Firewall rules: what a client's firewalls let through and what they stop, in the order they look at it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.infra.infrastructure import belong_to_infrastructure
from claudetools.domains.infra.traffic import ANY, Addresses, TrafficProtocol, parse_ports
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, choice, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Name, Output, Prose
from claudetools.kit.resource.scope import TenantColumn


class FirewallAction(StrEnum):
    """What happens to traffic that a rule matches: `deny` answers, `drop` keeps silent."""

    ALLOW = "allow"
    DENY = "deny"
    DROP = "drop"


def _addresses(text: str) -> str:
    Addresses.parse(text)
    return text


def _ports(text: str) -> str:
    parse_ports(text)
    return text


AddressList = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500),
    AfterValidator(_addresses),
    Field(description="any, or networks, addresses, ranges and object names with commas between them."),
]
PortList = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200),
    AfterValidator(_ports),
    Field(description="any, or ports and ranges with commas between them, such as 80,443,8000-8100."),
]
Order = Annotated[int, Field(ge=0, le=1_000_000, description="Rules are looked at from the lowest to the highest.")]


class FirewallRule(Record):
    """A rule on a firewall."""

    __tablename__ = "firewall_rules"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (Index(None, "infrastructure_id", "order"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    infrastructure_id: Mapped[UUID] = mapped_column(Id, ForeignKey("infrastructure.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(label())
    order: Mapped[int] = mapped_column(Integer, default=0)
    source: Mapped[str] = mapped_column(String(500), default=ANY)
    destination: Mapped[str] = mapped_column(String(500), default=ANY)
    port: Mapped[str] = mapped_column(String(200), default=ANY)
    protocol: Mapped[TrafficProtocol] = mapped_column(choice(TrafficProtocol), default=TrafficProtocol.ANY)
    action: Mapped[FirewallAction] = mapped_column(choice(FirewallAction), index=True)
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    expires_on: Mapped[date | None] = mapped_column(Date, index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class FirewallRuleCreate(Input):
    """A rule on a firewall. One that is never reached is kept; reports point it out."""

    infrastructure_id: UUID
    name: Name
    order: Order = 0
    source: AddressList = ANY
    destination: AddressList = ANY
    port: PortList = ANY
    protocol: TrafficProtocol = TrafficProtocol.ANY
    action: FirewallAction
    is_enabled: bool = True
    expires_on: Annotated[date, Field(description="The last day on which the rule is wanted.")] | None = None
    notes: Prose | None = None


class FirewallRuleRead(FirewallRuleCreate, Output):
    """A rule on a firewall, as kept. Its client is that of the firewall."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


FIREWALL_RULES = Resource(
    name="firewall-rules",
    singular="firewall-rule",
    model=FirewallRule,
    read=FirewallRuleRead,
    create=FirewallRuleCreate,
    fixed=("infrastructure_id",),
    filters=(
        "client_id",
        "infrastructure_id",
        "name",
        "order",
        "source",
        "destination",
        "port",
        "protocol",
        "action",
        "is_enabled",
        "expires_on",
        "created_at",
        "updated_at",
    ),
    sorts=("order", "name", "expires_on", "created_at", "updated_at"),
    default_sort="order",
    searches=("name", "source", "destination", "notes"),
    key=("infrastructure_id", "name"),
    expires="expires_on",
    before_create=belong_to_infrastructure,
)
