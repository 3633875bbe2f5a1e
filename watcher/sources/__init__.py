"""Sources: the APIs that are watched, each a small description over shared reading machinery."""
