"""Reports on firewall rules that are never reached."""

import asyncio
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.infra.firewall_rules import FirewallAction, FirewallRule
from claudetools.domains.infra.infrastructure import Infrastructure
from claudetools.domains.infra.shadowing import shadowed_rules
from claudetools.domains.infra.traffic import TrafficProtocol
from claudetools.kit.clock import now
from claudetools.kit.resource.all_rows import all_rows
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import Actor, find, scoped, visible

MAX_RULES = 2_000
"""Rules are compared in pairs: so many on one firewall take some seconds, off the event loop."""


class ShadowedQuery(Input):
    """Whose firewalls to look at: all that the caller may see, or those of a client."""

    client_id: UUID | None = None


class RuleSummary(Output):
    """What a rule does, and where it stands."""

    id: UUID
    name: str
    order: int
    source: str
    destination: str
    port: str
    protocol: TrafficProtocol
    action: FirewallAction


class ShadowedRule(BaseModel):
    """A rule that is never reached, and an earlier one that catches all it could match.

    `is_contradicted` says that the earlier rule does something else, so that the firewall does not do what this rule
    says; otherwise the rule is only superfluous.
    """

    client_id: UUID
    infrastructure_id: UUID
    hostname: str
    rule: RuleSummary
    by: RuleSummary
    is_contradicted: bool


class ShadowedRules(BaseModel):
    """The rules that are never reached today, by firewall and in the order of the firewall."""

    items: list[ShadowedRule]


async def shadowed_on_firewall(session: AsyncSession, actor: Actor, infrastructure_id: UUID) -> ShadowedRules:
    """Return the rules on one piece of equipment that are never reached today.

    Raises:
        NotFound: the equipment is not the actor's to see.
        Invalid: it has more than `MAX_RULES` rules that are enabled.
    """
    await find(session, actor, Infrastructure, infrastructure_id)
    statement = scoped(actor, FirewallRule).where(FirewallRule.infrastructure_id == infrastructure_id)
    return await _shadowed(session, actor, statement, "path:id")


async def shadowed_of_client(session: AsyncSession, actor: Actor, query: ShadowedQuery) -> ShadowedRules:
    """Return the rules that are never reached today, of one client or of all that the actor may see.

    Raises:
        NotFound: the client is not the actor's to see.
        Invalid: there are more than `MAX_RULES` rules that are enabled.
    """
    statement = scoped(actor, FirewallRule)
    if query.client_id is not None:
        await find(session, actor, Client, query.client_id)
        statement = statement.where(FirewallRule.client_id == query.client_id)
    return await _shadowed(session, actor, statement, "?client_id")


async def _shadowed(
    session: AsyncSession, actor: Actor, statement: Select[FirewallRule], pointer: str
) -> ShadowedRules:
    enabled = (
        statement.join(Infrastructure, Infrastructure.id == FirewallRule.infrastructure_id)
        .add_columns(Infrastructure.hostname)
        .where(visible(actor, Infrastructure), FirewallRule.is_enabled)
    )
    rows = await all_rows(session, enabled, MAX_RULES, pointer)
    rules = {rule.id: (rule, hostname) for rule, hostname in rows}
    found = await asyncio.to_thread(shadowed_rules, [rule for rule, _ in rows], now().date())
    items = []
    for shadowed in found:
        rule, hostname = rules[shadowed.rule_id]
        items.append(
            ShadowedRule(
                client_id=rule.client_id,
                infrastructure_id=rule.infrastructure_id,
                hostname=hostname,
                rule=RuleSummary.model_validate(rule),
                by=RuleSummary.model_validate(rules[shadowed.by_id][0]),
                is_contradicted=shadowed.is_contradicted,
            )
        )
    return ShadowedRules(items=items)
