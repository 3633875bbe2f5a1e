"""Torture: the daemon killed, starved, cut off and misled, and what became of its promises, counted."""
