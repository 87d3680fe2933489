"""Asking other programs what they hold, and fetching films: query and retrieve, modality worklist."""
