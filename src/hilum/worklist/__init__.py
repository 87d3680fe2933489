"""The worklist: every study's life from arrival to delivery, in one database, with an audit trail.

The table is the queue; `web` and `dicomnode` both stand on it and do not know each other.
"""
