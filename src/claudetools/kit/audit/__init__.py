"""Who changed what, from what to what: one event for each changed row, in the transaction of the change."""
