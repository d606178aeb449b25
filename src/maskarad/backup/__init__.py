"""Backups: one file that holds all of a database at one moment, and the way back from it (docs/backup.md)."""
