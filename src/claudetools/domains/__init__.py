"""What the product knows: one package per field, one module per entity, one literal registry."""

from claudetools.domains.accounts import API_TOKENS, MACHINES, USERS
from claudetools.domains.clients import CLIENTS, CONTACTS, DOCUMENTS, PROJECTS, RELATIONS, SITES, TAGS
from claudetools.domains.infra import (
    FIREWALL_RULES,
    INFRASTRUCTURE,
    M365_TENANTS,
    NETWORKS,
    SERVICE_RELATIONSHIPS,
    SERVICES,
)
from claudetools.domains.memory import CONVERSATION_CONTEXTS
from claudetools.domains.work import SESSIONS

RESOURCES = (
    CLIENTS,
    PROJECTS,
    TAGS,
    SITES,
    CONTACTS,
    DOCUMENTS,
    RELATIONS,
    INFRASTRUCTURE,
    SERVICES,
    SERVICE_RELATIONSHIPS,
    NETWORKS,
    FIREWALL_RULES,
    M365_TENANTS,
    MACHINES,
    SESSIONS,
    CONVERSATION_CONTEXTS,
    USERS,
    API_TOKENS,
)
