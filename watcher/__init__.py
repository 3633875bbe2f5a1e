"""watcher: watches conversations over REST APIs and tells the right people what changed."""

__version__ = "0.1.0"
