"""How sure memory is of an item: what was said of it, whether something contradicts it, and whether it ever helped."""

from typing import Any

CONTRADICTED = 0.5
"""Share of its confidence that an item keeps while another one says otherwise."""
UNHELPFUL = 0.5
"""Share of its confidence that an item can lose by being given in vain."""
UNHELPFUL_HALF = 6
"""Sessions in a row that were given an item and did not use it, at which half of that is lost."""
PATIENCE = 2
"""So many sessions in a row say nothing yet."""


def believed(item: Any) -> float:
    """The confidence (0..1) that an item is ranked with.

    `item` has the columns of a memory item. What a person pinned or confirmed loses nothing by not being used.
    """
    sure = float(item.confidence)
    if item.contradicted_by_id is not None:
        sure *= CONTRADICTED
    if not item.is_pinned and item.confirmed_at is None:
        vain = max(item.unused_count - PATIENCE, 0)
        sure *= 1 - UNHELPFUL * vain / (vain + UNHELPFUL_HALF)
    return sure
