"""Tests of the benchmarks' own arithmetic and of the sets that they measure with."""
