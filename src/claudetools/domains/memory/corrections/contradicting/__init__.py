"""Recognises that a statement says something else about what an earlier one was about. Pure and deterministic."""
