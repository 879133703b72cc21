"""Benchmarks: what the whole path costs, beside what users would pick instead, in one run."""
