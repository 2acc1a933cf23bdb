"""Secret kinds with generated values and the sentences they appear in.

Every kind has two lists of phrasings. `tuned` may be looked at while rules are written; `held` was written before the
rules and is only measured. `{s}` marks the secret. Values come from a seeded generator, so no literal secret is stored.
"""

import base64
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "-_"
HEX = "0123456789abcdef"
WORDS = ("Harbor", "Winter", "Falcon", "Cobalt", "Maple", "Granite", "Summit", "Orchid", "Bramble", "Copper")

Make = Callable[[random.Random], str]


@dataclass(frozen=True)
class Kind:
    """One kind of secret: `group` is token, config, device or prose; `make` returns a fresh value."""

    name: str
    group: str
    make: Make
    tuned: tuple[str, ...]
    held: tuple[str, ...]


def chars(rng: random.Random, alphabet: str, length: int) -> str:
    """Return `length` random characters, at least one digit and one letter when the alphabet has both."""
    body = [rng.choice(alphabet) for _ in range(length)]
    digits = [c for c in alphabet if c.isdigit()]
    letters = [c for c in alphabet if c.isalpha()]
    if digits and letters and length > 4:
        body[1], body[length - 2] = rng.choice(digits), rng.choice(letters)
    return "".join(body)


def fmt(prefix: str, length: int, alphabet: str = ALNUM, suffix: str = "") -> Make:
    """Return a maker of `prefix` + random body + `suffix`."""
    return lambda rng: prefix + chars(rng, alphabet, length) + suffix


def password(rng: random.Random) -> str:
    """Return a password as technicians choose them: word-based or generated, 8 to 20 characters."""
    word = rng.choice(WORDS)
    return rng.choice(
        (
            f"{word}-{rng.randrange(100, 9999)}!",
            f"{word}{rng.randrange(10, 99)}#{rng.choice(WORDS)}",
            f"{word.lower()}{rng.randrange(1000, 9999)}",
            f"{word[:4]}@{rng.randrange(2019, 2027)}",
            chars(rng, ALNUM, rng.randrange(10, 21)),
            chars(rng, ALNUM, 6) + rng.choice("!#*_.+-") + chars(rng, ALNUM, 6),
        )
    )


def numeric(length: int) -> Make:
    """Return a maker of digit strings."""
    return lambda rng: "".join(rng.choice(string.digits) for _ in range(length))


def word_secret(rng: random.Random) -> str:
    """Return a weak shared string of the kind used for SNMP communities and shared secrets."""
    return rng.choice(WORDS).lower() + chars(rng, string.digits, 3) + rng.choice(("", "x", "RO", "mon"))


def b64(rng: random.Random, size: int) -> str:
    """Return standard base64 of `size` random bytes."""
    return base64.b64encode(rng.randbytes(size)).decode()


def b64url(rng: random.Random, size: int) -> str:
    """Return unpadded url-safe base64 of `size` random bytes."""
    return base64.urlsafe_b64encode(rng.randbytes(size)).decode().rstrip("=")


def jwt(rng: random.Random) -> str:
    """Return a JSON web token with a random signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(f'{{"sub":"{rng.randrange(10**9)}","iss":"portal"}}'.encode()).decode().rstrip("=")
    return f"{head}.{body}.{b64url(rng, 32)}"


def pem(label: str, escaped: bool = False, truncated: bool = False) -> Make:
    """Return a maker of PEM blocks with real or escaped line ends, with or without the END line."""

    def make(rng: random.Random) -> str:
        body = b64(rng, 240)
        lines = [f"-----BEGIN {label}-----", *(body[i : i + 64] for i in range(0, len(body), 64))]
        if not truncated:
            lines.append(f"-----END {label}-----")
        return ("\\n" if escaped else "\n").join(lines)

    return make


def basic(rng: random.Random) -> str:
    """Return the base64 of user:password."""
    return base64.b64encode(f"svc-backup:{password(rng)}".encode()).decode()


def own_token(rng: random.Random) -> str:
    """Return a token in the project's own format."""
    return f"ct_{rng.choice(('machine', 'user', 'svc'))}_{chars(rng, ALNUM, 12)}_{b64url(rng, 32)}_{chars(rng, HEX, 8)}"


TOKEN_PLACES = (
    "Here is the key for the sync job: {s}",
    'headers = {{"X-Api-Key": "{s}"}}',
    "INFO  request sent with {s} and got 200",
    "RMM_INTEGRATION={s}",
)
TOKEN_PLACES_HELD = (
    "the client mailed us this: {s}, please put it in the vault",
    "- name: integration\n  value: {s}\n  enabled: true",
    "$h = @{{ 'key' = '{s}' }}; Invoke-RestMethod -Uri https://rmm.contoso.example/v2/sites -Headers $h",
)


def token(name: str, make: Make, *extra: str) -> Kind:
    """Return a kind that is recognised by its own format wherever it stands."""
    return Kind(name, "token", make, TOKEN_PLACES + extra, TOKEN_PLACES_HELD)


TOKENS: tuple[Kind, ...] = (
    token("aws-access-key", fmt("AKIA", 16, string.ascii_uppercase + "234567")),
    token("gcp-api-key", fmt("AIza", 35, URLSAFE)),
    token("google-oauth-secret", fmt("GOCSPX-", 28, URLSAFE)),
    token("azure-storage-key", lambda rng: b64(rng, 64)),
    token("entra-client-secret", lambda r: chars(r, ALNUM, 3) + "8Q~" + chars(r, ALNUM + "_.-~", 33) + "a"),
    token("github-token", fmt("ghp_", 36)),
    token("github-app-token", fmt("ghs_", 36)),
    token("github-fine-grained", lambda r: f"github_pat_{chars(r, ALNUM, 22)}_{chars(r, ALNUM, 59)}"),
    token("gitlab-token", fmt("glpat-", 20, URLSAFE)),
    token(
        "slack-bot", lambda r: f"xoxb-{r.randrange(10**11, 10**12)}-{r.randrange(10**12, 10**13)}-{chars(r, ALNUM, 24)}"
    ),
    token(
        "slack-webhook",
        lambda r: (
            "https://hooks.slack.com/services/T"
            + chars(r, string.ascii_uppercase + "0123456789", 8)
            + "/B"
            + chars(r, string.ascii_uppercase + "0123456789", 9)
            + "/"
            + chars(r, ALNUM, 24)
        ),
    ),
    token("stripe-key", fmt("sk_live_", 24)),
    token("openai-key", fmt("sk-proj-", 120, URLSAFE, "T3BlbkFJx9")),
    token("openai-legacy", fmt("sk-", 48)),
    token("anthropic-key", fmt("sk-ant-api03-", 93, URLSAFE, "AA")),
    token("npm-token", fmt("npm_", 36)),
    token("pypi-token", lambda r: "pypi-AgEIcHlwaS5vcmc" + chars(r, URLSAFE, 90)),
    token("twilio-key", fmt("SK", 32, HEX)),
    token("sendgrid-key", lambda r: f"SG.{chars(r, URLSAFE, 22)}.{chars(r, URLSAFE, 43)}"),
    token("discord-bot", lambda r: f"MT{chars(r, ALNUM, 24)}.G{chars(r, ALNUM, 5)}.{chars(r, URLSAFE, 38)}"),
    token("telegram-bot", lambda r: f"{r.randrange(10**9, 10**10)}:AA{chars(r, URLSAFE, 33)}"),
    token("digitalocean-token", fmt("dop_v1_", 64, HEX)),
    token("tailscale-key", lambda r: f"tskey-auth-k{chars(r, ALNUM, 10)}CNTRL-{chars(r, ALNUM, 32)}"),
    token("databricks-token", fmt("dapi", 32, HEX)),
    token("vault-token", fmt("hvs.", 95, URLSAFE)),
    token("huggingface-token", fmt("hf_", 34)),
    token("own-api-token", own_token),
    token("jwt", jwt),
    token("private-key-rsa", pem("RSA PRIVATE KEY")),
    token("private-key-openssh-escaped", pem("OPENSSH PRIVATE KEY", escaped=True)),
    token("private-key-truncated", pem("PRIVATE KEY", truncated=True)),
    token("crypt-hash", lambda r: f"$6${chars(r, ALNUM, 12)}${chars(r, ALNUM + './', 86)}"),
    token("otpauth-seed", lambda r: chars(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32)),
)
# A seed is only recognisable inside its URI, and storage keys inside their connection string.
TOKENS = tuple(
    k
    if k.name != "otpauth-seed"
    else Kind(
        k.name,
        "token",
        k.make,
        (
            "otpauth://totp/Contoso:j.doe?secret={s}&issuer=Contoso",
            "MFA seed: {s}",
            "TOTP secret for the portal is {s}",
        ),
        ("scan otpauth://totp/M365%20admin?issuer=M365&secret={s}&digits=6 with the app", "totp_seed={s}"),
    )
    for k in TOKENS
)
