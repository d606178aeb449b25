"""Measurements of the platform from outside: a real process, real HTTP, and a Telegram and a model that cost nothing.

`python -m benchmarks` runs all of them, prints a table and writes `docs/benchmarks.md` and `benchmarks/results.json`.
`python -m benchmarks profile` (`make profile`) shows where the time goes instead.
"""
