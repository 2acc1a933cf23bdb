"""Learning: what failed, why, what works instead, and whether it helps."""

from claudetools.domains.learning import counting
from claudetools.domains.learning.counting import LearningCounts
from claudetools.domains.learning.environmental_examples import ENVIRONMENTAL_EXAMPLES, EnvironmentalExample
from claudetools.domains.learning.environmental_insights import (
    ENVIRONMENTAL_INSIGHTS,
    EnvironmentalInsight,
    EnvironmentalInsightRead,
    verify_insight,
)
from claudetools.domains.learning.failure_patterns import (
    FAILURE_PATTERNS,
    FailurePattern,
    FailurePatternRead,
    PatternOrigin,
    confirm_pattern,
)
from claudetools.domains.learning.learning_metrics import LEARNING_METRICS, LearningMetric
from claudetools.domains.learning.operation_failures import OPERATION_FAILURES, OperationFailure
from claudetools.domains.learning.signature import signature_of

__all__ = [
    "ENVIRONMENTAL_EXAMPLES",
    "ENVIRONMENTAL_INSIGHTS",
    "FAILURE_PATTERNS",
    "LEARNING_METRICS",
    "OPERATION_FAILURES",
    "EnvironmentalExample",
    "EnvironmentalInsight",
    "EnvironmentalInsightRead",
    "FailurePattern",
    "FailurePatternRead",
    "LearningCounts",
    "LearningMetric",
    "OperationFailure",
    "PatternOrigin",
    "confirm_pattern",
    "counting",
    "signature_of",
    "verify_insight",
]
