"""People, their sign-ins and tokens, and the machines they work on."""

from claudetools.domains.accounts.authentication import Authenticator
from claudetools.domains.accounts.first_run import NewOwner, ensure_owner
from claudetools.domains.accounts.logins import Grant, Logins, LoginSession
from claudetools.domains.accounts.machines import MACHINES, Machine, MachineCreate
from claudetools.domains.accounts.tokens import (
    API_TOKENS,
    MACHINE_SCOPES,
    TokenCreate,
    TokenCreated,
    TokenKind,
    add_token,
    revoke_token,
)
from claudetools.domains.accounts.users import (
    USERS,
    ClientAccess,
    Role,
    User,
    UserChange,
    UserCreate,
    UserRead,
    add_user,
    change_user,
    tenants_of,
)

__all__ = [
    "API_TOKENS",
    "MACHINES",
    "MACHINE_SCOPES",
    "USERS",
    "Authenticator",
    "ClientAccess",
    "Grant",
    "LoginSession",
    "Logins",
    "Machine",
    "MachineCreate",
    "NewOwner",
    "Role",
    "TokenCreate",
    "TokenCreated",
    "TokenKind",
    "User",
    "UserChange",
    "UserCreate",
    "UserRead",
    "add_token",
    "add_user",
    "change_user",
    "ensure_owner",
    "revoke_token",
    "tenants_of",
]
