"""Records that memory recalls, those that people keep in it, and those that sessions leave in it."""
