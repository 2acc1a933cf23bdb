"""What tools did, told in a few words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from claudetools.domains.memory.capturing.turn import FILE_TOOLS
from claudetools.domains.memory.distilling.errors import trimmed
from claudetools.domains.memory.distilling.failures import Failure, Step, subject

_PATH_LIMIT, _LONG_PATH = 50, 120


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file that was written or edited, with the keys of the turns that did it."""

    path: str
    how: str
    turn_keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """The last part of the path, of either kind."""
        return self.path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or self.path


def shortened(path: str) -> str:
    """A path of either kind; of a long one the last parts, as the folders above are those of the whole project."""
    if len(path) <= _PATH_LIMIT:
        return path
    return ("…/" + "/".join(path.replace("\\", "/").rstrip("/").split("/")[-3:]))[-_LONG_PATH:]


def edited_files(steps: Iterable[Step]) -> list[EditedFile]:
    """The files that were changed through the client's file tools, in order of the first change."""
    found: dict[str, EditedFile] = {}
    for step in steps:
        use = step.use
        if use.name in FILE_TOOLS and use.succeeded and use.path:
            first = found.get(use.path) or EditedFile(use.path, "written" if use.name == "Write" else "edited", ())
            found[use.path] = EditedFile(first.path, first.how, (*first.turn_keys, step.turn.key))
    return list(found.values())


def where(step: Step) -> str:
    """ " on HOST" for a command that ran on another host, else ""."""
    return f" on {step.command.target}" if step.command and step.command.target else ""


def did(step: Step) -> str:
    """The command with its host, or what a tool did."""
    return f"`{subject(step)}`{where(step)}" if step.command else step.use.summary or step.use.name


def told(failure: Failure) -> str:
    """The failure with its error and what worked instead, in one sentence."""
    step, fix = failure.step, failure.fix
    text = f"`{subject(step)}` fails{where(step)} ({step.error})"
    if fix is None:
        return f"{text}; nothing that worked instead was seen"
    if subject(fix) != subject(step):
        elsewhere = where(fix) if where(fix) != where(step) else ""
        return f"{text}; what worked instead: `{subject(fix)}`{elsewhere}"
    if account := _other_account(step, fix):
        return f"{text}; what worked instead: the same as {account}"
    done = trimmed(", ".join(did(between) for between in failure.between[:4]), 200)
    return f"{text}; it worked after: {done}" if done else f"{text}; it worked on a later try"


def told_briefly(failure: Failure) -> str:
    """The failed command and the one that worked, for a list."""
    step, fix = failure.step, failure.fix
    tried = f"`{trimmed(subject(step), 60)}`"
    if fix is None:
        return tried
    if subject(fix) != subject(step):
        return f"{tried} (worked instead: `{trimmed(subject(fix), 60)}`)"
    account = _other_account(step, fix)
    return f"{tried} (worked as {account})" if account else f"{tried} (worked later)"


def _other_account(step: Step, fix: Step) -> str | None:
    before, after = step.command, fix.command
    return after.account if before and after and after.account != before.account else None
