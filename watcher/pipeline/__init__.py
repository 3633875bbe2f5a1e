"""The steps of a poll and of a delivery, in order, over ports."""
