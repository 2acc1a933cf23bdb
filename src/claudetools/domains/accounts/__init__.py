"""People, their sign-ins and tokens, and the machines they work on."""

from claudetools.domains.accounts.actors import actor_of
from claudetools.domains.accounts.authentication import Authenticator
from claudetools.domains.accounts.device_approval import FRESH, DeviceApproval, GrantFacts
from claudetools.domains.accounts.device_grants import (
    INTERVAL_SECONDS,
    DeviceFlowError,
    DeviceGrants,
    shown,
)
from claudetools.domains.accounts.device_grants import LIFETIME as DEVICE_CODE_LIFETIME
from claudetools.domains.accounts.device_requests import DeviceRequest
from claudetools.domains.accounts.device_tokens import DeviceToken, fetch_token
from claudetools.domains.accounts.first_run import NewOwner, ensure_owner
from claudetools.domains.accounts.known_devices import LIFETIME as DEVICE_LIFETIME
from claudetools.domains.accounts.known_devices import KnownDevices
from claudetools.domains.accounts.logins import Grant, Logins, LoginSession
from claudetools.domains.accounts.machines import MACHINES, Machine, MachineCreate
from claudetools.domains.accounts.passwords import check_password, set_password
from claudetools.domains.accounts.recovery_codes import RecoveryCodes
from claudetools.domains.accounts.second_factor import Enrolment, SecondFactor
from claudetools.domains.accounts.sessions import (
    SessionRead,
    close,
    end_all_sessions,
    end_other_sessions,
    end_session,
    live_sessions,
    require_login,
)
from claudetools.domains.accounts.sign_in import Origin, Proof, SignIn
from claudetools.domains.accounts.throttling import Throttling
from claudetools.domains.accounts.tokens import (
    API_TOKENS,
    MACHINE_SCOPES,
    ApiToken,
    TokenCreate,
    TokenCreated,
    TokenKind,
    TokenRead,
    add_token,
    revoke_token,
)
from claudetools.domains.accounts.users import (
    ROLE_SCOPES,
    USERS,
    ClientAccess,
    Password,
    Role,
    User,
    UserChange,
    UserCreate,
    UserRead,
    add_user,
    change_user,
    check_role,
    tenants_of,
)

__all__ = [
    "API_TOKENS",
    "DEVICE_CODE_LIFETIME",
    "DEVICE_LIFETIME",
    "FRESH",
    "INTERVAL_SECONDS",
    "MACHINES",
    "MACHINE_SCOPES",
    "ROLE_SCOPES",
    "USERS",
    "ApiToken",
    "Authenticator",
    "ClientAccess",
    "DeviceApproval",
    "DeviceFlowError",
    "DeviceGrants",
    "DeviceRequest",
    "DeviceToken",
    "Enrolment",
    "Grant",
    "GrantFacts",
    "KnownDevices",
    "LoginSession",
    "Logins",
    "Machine",
    "MachineCreate",
    "NewOwner",
    "Origin",
    "Password",
    "Proof",
    "RecoveryCodes",
    "Role",
    "SecondFactor",
    "SessionRead",
    "SignIn",
    "Throttling",
    "TokenCreate",
    "TokenCreated",
    "TokenKind",
    "TokenRead",
    "User",
    "UserChange",
    "UserCreate",
    "UserRead",
    "actor_of",
    "add_token",
    "add_user",
    "change_user",
    "check_password",
    "check_role",
    "close",
    "end_all_sessions",
    "end_other_sessions",
    "end_session",
    "ensure_owner",
    "fetch_token",
    "live_sessions",
    "require_login",
    "revoke_token",
    "set_password",
    "shown",
    "tenants_of",
]
