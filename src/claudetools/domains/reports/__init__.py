"""Reports: what many kinds of records say together, about one client or about all of them."""

from claudetools.domains.reports.completeness import (
    Completeness,
    CompletenessList,
    CompletenessQuery,
    completeness_of,
    completeness_of_all,
)
from claudetools.domains.reports.expiring import ExpiringPage, ExpiringQuery, expiring_page

__all__ = [
    "Completeness",
    "CompletenessList",
    "CompletenessQuery",
    "ExpiringPage",
    "ExpiringQuery",
    "completeness_of",
    "completeness_of_all",
    "expiring_page",
]
