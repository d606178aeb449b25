"""A whole platform on one machine, each part a process of its own: PostgreSQL, Redis, a proxy, gateways, workers."""
