"""Running a program whose output passes through a mask."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import IO

from claudetools.cli.failure import Failure
from claudetools.kit.redact.mask import Mask

READ_BYTES = 65_536
NOT_FOUND, NOT_EXECUTABLE, BY_SIGNAL = 127, 126, 128
"""Exit statuses as shells give them; the number of the signal is added to the last."""
FORWARDED = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
FROM_TERMINAL = ("SIGINT", "SIGQUIT", "SIGWINCH")
"""What a terminal sends to the program itself: handing it on would send it twice."""


def run_masked(
    command: Sequence[str], environment: Mapping[str, str], stdin: bytes | None, secrets: Sequence[str]
) -> int:
    """Run a command with its output masked, hand on signals, and return its exit status.

    `stdin` is what it reads; None lets it read what this process would.

    Raises:
        Failure: it cannot be started.
    """
    feeding = None if stdin is None else subprocess.PIPE
    try:
        child = subprocess.Popen(  # noqa: S603 - the command is the one that the person gave
            list(command), env=dict(environment), stdin=feeding, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise CommandFailure(f"{command[0]}: there is no such command.", NOT_FOUND) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "a secret holds a character that no variable can"
        raise CommandFailure(f"{command[0]} cannot be run: {reason}.", NOT_EXECUTABLE) from None
    with _handing_on_signals(child):
        streams = [(child.stdout, sys.stdout.buffer), (child.stderr, sys.stderr.buffer)]
        threads = [
            threading.Thread(target=_pump, args=(source, target, Mask(secrets)), daemon=True)
            for source, target in streams
        ]
        for thread in threads:
            thread.start()
        if stdin is not None and child.stdin is not None:
            _give(child.stdin, stdin)
        for thread in threads:
            thread.join()
        status = child.wait()
    return status if status >= 0 else BY_SIGNAL - status


class CommandFailure(Failure):
    """The command could not be started. `status` is what a shell would end with."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def _pump(source: IO[bytes], target: IO[bytes], mask: Mask) -> None:
    """Pass on, masked, what a program prints, as it prints it."""
    with source:
        try:
            while chunk := os.read(source.fileno(), READ_BYTES):
                _write(target, mask.feed(chunk))
            _write(target, mask.flush())
        except BrokenPipeError:
            # Nobody reads any more. Closing our end tells the program so, as a pipe of its own would have.
            return


def _write(target: IO[bytes], data: bytes) -> None:
    if data:
        target.write(data)
        target.flush()


def _give(stdin: IO[bytes], data: bytes) -> None:
    try:
        with stdin:
            stdin.write(data)
    except BrokenPipeError:
        # It did not want to read it.
        return


@contextmanager
def _handing_on_signals(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def hand_on(number: int, _: FrameType | None) -> None:
        if child.poll() is None:
            child.send_signal(number)

    def leave(number: int, _: FrameType | None) -> None:
        """The program got it from the terminal, and decides."""

    before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
    has_terminal = sys.stdin.isatty()
    for name in FORWARDED:
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, leave if has_terminal and name in FROM_TERMINAL else hand_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
