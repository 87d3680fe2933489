"""Datasets become one manifest: sources, readings, splits, leakage checks, and an exploration's numbers."""
