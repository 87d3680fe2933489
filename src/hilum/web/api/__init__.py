"""The station's REST API at /api/v1: what pages do, for programs, with the same rights and blindness."""
