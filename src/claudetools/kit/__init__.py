"""Mechanics: settings, database, HTTP, resources, search. Knows no business word and imports no domain."""
