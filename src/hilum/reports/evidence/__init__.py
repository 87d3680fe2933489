"""The evidence file of one prediction table: document, figures, gallery, and every number as JSON."""
