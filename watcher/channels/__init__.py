"""The ways out: what sends a message, once, and says honestly what became of it."""
