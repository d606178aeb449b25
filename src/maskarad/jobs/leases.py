"""How long a claim on rows holds, for every kind of work."""

LEASE = 8.0
"""Seconds after which a dead process's claim is free for others."""

RENEWAL = 2.0
"""Seconds between renewals of the claims of a living one."""
