"""What the product knows: one package per field, one module per entity, one literal registry."""

from claudetools.domains.accounts import API_TOKENS, MACHINES, USERS
from claudetools.domains.billing import BILLABLE_TIME, LABOUR_TYPES, RATE_RULES, TIMERS
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
from claudetools.domains.work import (
    COMMANDS_RUN,
    DATABASE_CHANGES,
    DEPLOYMENTS,
    FILE_CHANGES,
    INFRASTRUCTURE_CHANGES,
    PENDING_TASKS,
    PROBLEM_SOLUTIONS,
    SESSIONS,
    TASKS,
    WORK_ITEMS,
)

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
    WORK_ITEMS,
    TASKS,
    PENDING_TASKS,
    FILE_CHANGES,
    COMMANDS_RUN,
    INFRASTRUCTURE_CHANGES,
    DEPLOYMENTS,
    DATABASE_CHANGES,
    PROBLEM_SOLUTIONS,
    LABOUR_TYPES,
    RATE_RULES,
    BILLABLE_TIME,
    TIMERS,
    CONVERSATION_CONTEXTS,
    USERS,
    API_TOKENS,
)
