"""State machines as data, and the one function that holds a status to them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from claudetools.kit.clock import now
from claudetools.kit.problems import Conflict, FieldError

S = TypeVar("S", bound=StrEnum)
Moves = Mapping[S, frozenset[S]]
"""Where a status may go from each status. Staying where one is, is always allowed."""


def check_move(current: S | None, wanted: S, moves: Moves[S]) -> None:
    """Check that `wanted` can follow `current`; None is a record that is being made, which may start anywhere.

    Raises:
        Conflict: it cannot; the message names what can.
    """
    if current is None or current == wanted or wanted in moves[current]:
        return
    allowed = ", ".join(sorted(moves[current])) or "nothing"
    message = f"From {current.value} the status can go to {allowed}, not to {wanted.value}."
    raise Conflict(message, errors=[FieldError("/status", "transition", message)])


def finished_at(before: datetime | None, *, is_finished: bool) -> datetime | None:
    """Return when a record was finished: `before` while it stays finished, now when it gets so, else None."""
    return (before or now()) if is_finished else None
