"""Benchmarks: how fast and how small watcher is, beside its goals and its peers, measured in one run."""
