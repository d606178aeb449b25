"""Steady talk for a long time: what grows although it should not."""
