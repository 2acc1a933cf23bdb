"""Backups of a whole database: a consistent copy, a sealed file of it, and putting it back. Knows no table."""
