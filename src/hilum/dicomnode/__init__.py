"""Hilum beside the PACS: what comes in by DICOM, and what goes back as objects and messages."""
