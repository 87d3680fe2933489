"""The exploration of a manifest: its numbers brought together, its figures, and its page."""
