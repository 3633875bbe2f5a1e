"""watcher: watches conversations over REST APIs and tells the right people what changed."""
