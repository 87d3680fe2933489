"""Datasets become one manifest: sources, readings, splits, leakage checks, and the numbers of an exploration."""
