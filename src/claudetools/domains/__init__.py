"""What the product knows: one package per field, one module per entity, one literal registry."""

from claudetools.domains.accounts import API_TOKENS, MACHINES, USERS
from claudetools.domains.clients import CLIENTS, PROJECTS, TAGS
from claudetools.domains.memory import CONVERSATION_CONTEXTS
from claudetools.domains.work import SESSIONS

RESOURCES = (
    CLIENTS,
    PROJECTS,
    TAGS,
    MACHINES,
    SESSIONS,
    CONVERSATION_CONTEXTS,
    USERS,
    API_TOKENS,
)
