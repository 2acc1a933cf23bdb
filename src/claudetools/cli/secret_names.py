"""`--secret NAME=cred:ID[.FIELD]`: what a command is given, and names that it may not be given it under."""

import re
from dataclasses import dataclass
from uuid import UUID

import typer

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
REFUSED = frozenset(
    [
        *("PATH", "HOME", "SHELL", "USER", "LOGNAME", "TERM", "PWD", "IFS", "TMPDIR"),
        *("ENV", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "PROMPT_COMMAND", "PS1", "PS4"),
        *("EDITOR", "VISUAL", "PAGER", "BROWSER", "HOSTALIASES", "LOCPATH", "GCONV_PATH"),
        *("NODE_OPTIONS", "PERL5OPT", "PERL5LIB", "RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("COMSPEC", "PATHEXT", "SYSTEMROOT", "WINDIR"),
    ]
)
REFUSED_BEGINNINGS = ("LD_", "DYLD_", "PYTHON", "GIT_", "BASH_FUNC_", "CLAUDE")
"""Variables by which programs find and run others, and our own: whoever edits a credential could run something."""


@dataclass(frozen=True, slots=True)
class SecretName:
    """The variable that a secret of a credential goes into; without a field, the main one of its kind."""

    name: str
    credential_id: UUID
    field: str | None


def parse_secrets(texts: list[str]) -> list[SecretName]:
    """Return what `--secret` options say.

    Raises:
        typer.BadParameter: one is not of the form, or a name may not be given or is given twice.
    """
    found = [_parse(text) for text in texts]
    names = [each.name for each in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise typer.BadParameter(f"{twice} is given twice.", param_hint="--secret")
    return found


def _parse(text: str) -> SecretName:
    name, _, source = text.partition("=")
    scheme, _, rest = source.partition(":")
    id, _, field = rest.partition(".")
    try:
        if not NAME.fullmatch(name) or scheme != "cred":
            raise ValueError
        credential_id = UUID(id)
    except ValueError:
        # What was typed is not repeated: somebody may have put the secret itself there.
        raise typer.BadParameter("Give NAME=cred:ID or NAME=cred:ID.FIELD.", param_hint="--secret") from None
    if name.upper() in REFUSED or name.upper().startswith(REFUSED_BEGINNINGS):
        raise typer.BadParameter(
            f"{name} decides what programs do and takes no secret: choose another name.", param_hint="--secret"
        )
    return SecretName(name, credential_id, field or None)
