"""Secrets that their own format gives away, wherever they stand."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from claudetools.kit.redact.decode import ATOM, View
from claudetools.kit.redact.values import random_looking


class Hit(NamedTuple):
    """A secret found in a view: its kind and its span there."""

    kind: str
    start: int
    end: int


class _Format(NamedTuple):
    """A literal beginning and an expression that matches there; `closed` when no letter or digit may follow."""

    kind: str
    anchor: str
    pattern: re.Pattern[str]
    closed: bool


_LEFT = r"(?<![A-Za-z0-9])"
_CLOSED = "$"


def _format(kind: str, anchor: str, body: str, left: str = _LEFT) -> _Format:
    """Return a format that starts with the literal `anchor`, followed by `body`; a final $ closes it."""
    return _Format(
        kind, anchor, re.compile(left + re.escape(anchor) + body.removesuffix(_CLOSED)), body.endswith(_CLOSED)
    )


_W = "[A-Za-z0-9_-]"
_N = "[A-Za-z0-9]"
_FORMATS: tuple[_Format, ...] = (
    *(_format("aws-key", p, r"[A-Z0-9]{16}$") for p in ("AKIA", "ASIA", "ABIA", "ACCA")),
    _format("gcp-key", "AIza", _W + "{35}"),
    _format("gcp-key", "GOCSPX-", _W + "{20,40}"),
    _format("gcp-token", "ya29.", _W + "{20,2048}"),
    _format("gcp-token", "1//0", _W + "{30,200}"),
    *(_format("github-token", p, _N + "{30,255}") for p in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    _format("github-token", "github_pat_", "[A-Za-z0-9_]{40,255}"),
    *(
        _format("gitlab-token", p, "[A-Za-z0-9_.-]{16,300}")
        for p in ("glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glft-", "glsoat-", "glimt-", "glagent-", "gloas-")
    ),
    _format("gitlab-token", "GR1348941", _W + "{20}"),
    *(
        _format("slack-token", p, "[A-Za-z0-9-]{10,250}")
        for p in ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxc-", "xoxd-")
    ),
    _format("slack-token", "xoxe.xox", "[bp]-[A-Za-z0-9-]{20,300}"),
    _format("slack-token", "xapp-", "[A-Za-z0-9-]{20,250}"),
    _format(
        "slack-webhook",
        "hooks.slack.com/",
        r"(?:services/T\w{6,14}/B\w{6,14}/\w{18,40}|(?:workflows|triggers)/[A-Za-z0-9/_+-]{20,200})",
    ),
    _format("discord-webhook", "/api/webhooks/", r"\d{15,22}/[A-Za-z0-9_-]{40,100}", ""),
    _format("teams-webhook", ".webhook.office.com/", r"webhookb2/[A-Za-z0-9@/_-]{40,300}", ""),
    *(_format("stripe-key", p, _N + "{16,255}") for p in ("sk_live_", "sk_test_", "rk_live_", "rk_test_")),
    _format("stripe-key", "whsec_", "[A-Za-z0-9+/=]{20,100}"),
    _format("anthropic-key", "sk-ant-", _W + "{20,300}"),
    *(
        _format("openai-key", p, _W + "{20,300}")
        for p in ("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-or-v1-")
    ),
    _format("openai-key", "sk-", _N + "{32,64}$", "(?<![A-Za-z0-9-])"),
    _format("npm-token", "npm_", _N + "{36}"),
    _format("pypi-token", "pypi-AgE", _W + "{40,1000}"),
    _format("twilio-key", "SK", "[0-9a-f]{32}$"),
    _format("sendgrid-key", "SG.", _W + r"{16,32}\." + _W + "{32,64}"),
    _format("telegram-token", ":AA", _W + "{33}$", r"(?<=\d{8})"),
    *(_format("digitalocean-token", p, "[0-9a-f]{64}") for p in ("dop_v1_", "doo_v1_", "dor_v1_")),
    _format("tailscale-key", "tskey-", r"(?:[a-z]+-)?[A-Za-z0-9]{8,40}(?:CNTRL)?-[A-Za-z0-9]{16,64}"),
    _format("databricks-token", "dapi", r"[0-9a-f]{32}(?:-\d)?$"),
    *(_format("vault-token", p, _W + "{24,300}") for p in ("hvs.", "hvb.", "hvr.")),
    _format("huggingface-token", "hf_", _N + "{30,40}"),
    _format("docker-token", "dckr_", "(?:pat|oat)_" + _W + "{20,64}"),
    _format("grafana-token", "glsa_", "[A-Za-z0-9_]{32,64}"),
    _format("grafana-token", "glc_", "[A-Za-z0-9+/=]{32,400}"),
    _format("atlassian-token", "ATATT3x", "[A-Za-z0-9_=-]{40,300}"),
    _format("atlassian-token", "ATBB", _N + "{28,40}"),
    *(_format("shopify-token", p, "[0-9a-fA-F]{32}") for p in ("shpat_", "shpss_", "shpca_", "shppa_")),
    _format("linear-key", "lin_api_", _N + "{32,64}"),
    _format("notion-token", "ntn_", _N + "{40,64}"),
    _format("postman-key", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"),
    _format("newrelic-key", "NRAK-", "[A-Z0-9]{27}"),
    _format("onepassword-token", "ops_eyJ", _W + "{100,4000}"),
    _format("doppler-token", "dp.", r"(?:pt|st|ct|scim|audit|sa)\.[A-Za-z0-9_.-]{36,100}"),
    _format("sentry-token", "sntrys_", "[A-Za-z0-9+/=_-]{40,400}"),
    _format("planetscale-token", "pscale_", r"(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}"),
    _format("rubygems-key", "rubygems_", "[0-9a-f]{48}"),
    _format("mailgun-key", "key-", "[0-9a-f]{32}$"),
    _format("nuget-key", "oy2", "[a-z0-9]{43}$"),
    _format("cloudflare-token", "cfut_", "[A-Za-z0-9_-]{32,80}"),
    _format("cloudflare-token", "v1.0-", "[0-9a-f]{20,40}-[0-9a-f]{100,200}"),
    _format("replicate-token", "r8_", _N + "{37}"),
    _format("groq-key", "gsk_", _N + "{40,64}"),
    _format("xai-key", "xai-", _N + "{60,100}"),
    _format("perplexity-key", "pplx-", _N + "{40,64}"),
    _format("fly-token", "FlyV1 ", "[A-Za-z0-9_+/=,-]{40,4000}"),
    _format("terraform-token", ".atlasv1.", _W + "{50,100}", r"(?<=[A-Za-z0-9]{14})"),
    _format("dynatrace-token", "dt0", r"[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    _format("age-key", "AGE-SECRET-KEY-1", "[A-Z0-9]{40,80}"),
    _format("claudetools-token", "ct_", r"[a-z]{2,16}_[A-Za-z0-9-]{4,40}_[A-Za-z0-9_-]{16,100}_[A-Za-z0-9]{4,10}$"),
    _format(
        "jwt",
        "eyJ",
        r"[A-Za-z0-9_-]{8,512}\.[A-Za-z0-9_-]{8,16384}\.?(?:[A-Za-z0-9_-]{0,2048})(?:\.[A-Za-z0-9_-]{8,2048}){0,2}",
    ),
    _format("crypt-hash", "$", r"(?:1|5|6|7|y|gy|apr1|sha1|md5|2[abxy]?)\$[./A-Za-z0-9=$,-]{16,240}", ""),
    _format("crypt-hash", "$argon2", r"(?:id|i|d)\$[A-Za-z0-9+/=$,]{20,240}", ""),
    _format("crypt-hash", "$pbkdf2", r"[a-z0-9-]{0,12}\$[A-Za-z0-9+/=$,.]{20,240}", ""),
    _format("crypt-hash", "pbkdf2_sha256$", r"\d+\$[A-Za-z0-9+/=$]{20,240}"),
    _format("crypt-hash", "{SSHA", r"\d*\}[A-Za-z0-9+/=]{20,200}", ""),
    _format("cisco-hash", "$8$", r"[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43}", ""),
    _format("cisco-hash", "$9$", r"[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43}", ""),
    _format("juniper-secret", "$9$", r"[./A-Za-z0-9-]{8,120}", ""),
    _format("bitlocker-key", "-", r"\d{6}(?:-\d{6}){6}(?!\d)", r"(?<=(?<!\d)\d{6})"),
)
# Formats without a fixed beginning.
_LOOSE: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("azure-key", "==", re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==")),
    ("entra-secret", "Q~", re.compile(r"(?<![A-Za-z0-9_.~-])[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,36}")),
    (
        "discord-token",
        ".",
        re.compile(r"(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{22,29}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}"),
    ),
    ("mailchimp-key", "-us", re.compile(r"(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?!\d)")),
)
_PEM = re.compile(r"-----BEGIN[ ](?:[A-Z0-9]{1,20}[ ]){0,4}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----")
_PEM_END = re.compile(r"-----END[ ](?:[A-Z0-9]{1,20}[ ]){0,4}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----")
_PPK = re.compile(r"Private-Lines: \d{1,3}")
_PEM_GAP = re.compile(
    r"(?:\s|\\+[nrt]|[\"',+>|`]|\\+(?=\s))*+(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset):[^\n\\]{0,200}(?:\s|\\+[nr])++)*+"
)
_PEM_CHUNK = re.compile(r"[A-Za-z0-9+/=_-]++")
_OTPAUTH = re.compile(rf"otpauth://[^\s\"'<>`\\{ATOM}]{{4,1024}}", re.IGNORECASE)


def find_tokens(view: View, seams: frozenset[int] = frozenset()) -> Iterator[Hit]:
    """Yield every secret in `view` that a known format names.

    `seams` are the offsets where line ends were cut out: a token may end there although a letter follows.
    """
    text = view.text
    for form in _FORMATS:
        at = text.find(form.anchor)
        while at >= 0:
            end = _end(text, form, at, seams)
            if end:
                yield Hit(form.kind, _start(text, form.kind, at), end)
            at = text.find(form.anchor, max(end, at + 1))
    for kind, anchor, pattern in _LOOSE:
        if anchor in text:
            for match in pattern.finditer(text):
                yield Hit(kind, match.start(), match.end())
    yield from _private_keys(text)
    if "otpauth" in view.lower:
        for match in _OTPAUTH.finditer(text):
            yield Hit("otp-seed", match.start(), match.end())


def _end(text: str, form: _Format, at: int, seams: frozenset[int]) -> int:
    """Return where the token at `at` ends, 0 when there is none."""
    match = form.pattern.match(text, at)
    if match is None:
        return 0
    end = match.end()
    if not form.closed or end in seams or not text[end : end + 1].isalnum():
        return end
    for seam in range(end - 1, at, -1) if seams else ():
        if seam in seams and form.pattern.fullmatch(text, at, seam):
            return seam
    return 0


def _start(text: str, kind: str, at: int) -> int:
    """Return where a token begins whose anchor is not its beginning."""
    if kind == "telegram-token":
        first = at - 12
        while at > max(first, 0) and text[at - 1].isdigit():
            at -= 1
        return at
    if kind.endswith("-webhook"):
        scheme = text.rfind("https://", max(0, at - 60), at)
        return scheme if scheme >= 0 and not any(c.isspace() for c in text[scheme:at]) else at
    return at - {"bitlocker-key": 6, "terraform-token": 14}.get(kind, 0)


def _private_keys(text: str) -> Iterator[Hit]:
    at = text.find("-----BEGIN")
    while at >= 0:
        begin = _PEM.match(text, at)
        end = at + 10
        if begin:
            end = _key_body(text, begin.end())
            yield Hit("private-key", at, end)
        at = text.find("-----BEGIN", end)
    if "Private-Lines:" in text:
        for match in _PPK.finditer(text):
            yield Hit("private-key", match.start(), _key_body(text, match.end()))


def _key_body(text: str, at: int) -> int:
    """Return the end of the key material from `at`, up to and including an END line when there is one."""
    end = at
    while True:
        gap = _PEM_GAP.match(text, end)
        after = gap.end() if gap else end
        closing = _PEM_END.match(text, after)
        if closing:
            return closing.end()
        chunk = _PEM_CHUNK.match(text, after)
        if chunk is None or not _key_material(text, chunk):
            return end
        end = chunk.end()


def _key_material(text: str, chunk: re.Match[str]) -> bool:
    piece = chunk[0]
    if len(piece) >= 40 or piece.endswith("=") or (len(piece) >= 8 and random_looking(piece, 8)):
        return True
    gap = _PEM_GAP.match(text, chunk.end())
    if gap is None:
        return False
    following = _PEM_CHUNK.match(text, gap.end())
    return text.startswith("-----END", gap.end()) or bool(following and len(following[0]) >= 40)


def decoded_basic(value: str) -> bool:
    """Return whether `value` is the base64 of `user:password`."""
    try:
        return ":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
