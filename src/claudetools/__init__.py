"""ClaudeTools: memory for Claude Code that follows a firm's technicians, joined to its system of record."""

__version__ = "0.1.0"
