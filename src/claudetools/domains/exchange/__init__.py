"""Exports of other documentation systems, and taking them over."""

from claudetools.domains.exchange.archive import holds_secrets, is_read, pack, unpack
from claudetools.domains.exchange.importing import ExportFormat, TakeoverReply, take_over

__all__ = ["ExportFormat", "TakeoverReply", "holds_secrets", "is_read", "pack", "take_over", "unpack"]
