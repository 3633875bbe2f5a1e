"""Wiring: the only room that puts parts together and owns the clock."""
