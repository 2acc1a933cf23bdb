"""Memories that try to instruct whoever reads them wait for a person."""
