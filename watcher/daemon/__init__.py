"""The daemon: polls, fires and sends until it is told to stop."""
