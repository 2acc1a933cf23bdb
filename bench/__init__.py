"""Benchmarks: each prints one table and never fails on a figure."""
