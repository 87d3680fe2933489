"""One module per command; each parses and delegates."""
