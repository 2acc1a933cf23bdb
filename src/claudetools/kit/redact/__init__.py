"""Removal of secrets from text and nested values before they are stored, embedded, logged or summarised."""

from claudetools.kit.redact.known import KnownSecrets
from claudetools.kit.redact.redactor import Finding, Redacted, Redactor

__all__ = ["Finding", "KnownSecrets", "Redacted", "Redactor"]
