"""People and programs at the station: first start, log-in and log-out, passwords, sessions, tokens, roles."""
