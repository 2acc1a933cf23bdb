"""Billing: labour types, rates, timers, and what time costs."""

from claudetools.domains.billing.billable_time import BillableTime, BillingStatus
from claudetools.domains.billing.entries import BILLABLE_TIME
from claudetools.domains.billing.labour_types import LABOUR_TYPES, LabourType
from claudetools.domains.billing.rate_rules import RATE_RULES, RateRule
from claudetools.domains.billing.rating import Decision, Rounding
from claudetools.domains.billing.timers import TIMERS, Timer, TimerRead, running_timer, stop_timer

__all__ = [
    "BILLABLE_TIME",
    "LABOUR_TYPES",
    "RATE_RULES",
    "TIMERS",
    "BillableTime",
    "BillingStatus",
    "Decision",
    "LabourType",
    "RateRule",
    "Rounding",
    "Timer",
    "TimerRead",
    "running_timer",
    "stop_timer",
]
