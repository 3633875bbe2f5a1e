"""Templates: messages in the words of the config, rendered in a sandbox."""
