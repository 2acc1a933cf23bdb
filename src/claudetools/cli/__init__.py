"""The `claudetools` command: the server, this machine's connection to it, and memory from the terminal."""

from claudetools.cli.application import main

__all__ = ["main"]
