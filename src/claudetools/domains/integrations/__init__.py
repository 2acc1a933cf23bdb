"""Integrations: calls to other systems, what the firm signs in to them with, and tickets that work belongs to."""

from claudetools.domains.integrations.external_integrations import EXTERNAL_INTEGRATIONS, ExternalIntegration
from claudetools.domains.integrations.integration_credentials import INTEGRATION_CREDENTIALS, IntegrationCredential
from claudetools.domains.integrations.integration_secrets import (
    IntegrationRevealRequest,
    RevealedIntegration,
    reveal_integration,
)
from claudetools.domains.integrations.ticket_links import TICKET_LINKS, TicketLink

__all__ = [
    "EXTERNAL_INTEGRATIONS",
    "INTEGRATION_CREDENTIALS",
    "TICKET_LINKS",
    "ExternalIntegration",
    "IntegrationCredential",
    "IntegrationRevealRequest",
    "RevealedIntegration",
    "TicketLink",
    "reveal_integration",
]
