"""Numbers and pictures become pages: figures, HTML reports, cards."""
