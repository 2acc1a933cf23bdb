"""Reports: what many kinds of records say together, about one client or about all of them."""

from claudetools.domains.reports.expiring import ExpiringPage, ExpiringQuery, expiring_page

__all__ = ["ExpiringPage", "ExpiringQuery", "expiring_page"]
