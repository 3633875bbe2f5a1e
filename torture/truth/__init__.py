"""Truth: random worlds, an oracle of what is true of them, and what the product tells."""
