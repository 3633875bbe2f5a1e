"""watcher: watches conversations over REST APIs and tells the right people what changed."""

import os

__version__ = "0.1.0"

# pydantic looks through all that is installed for plugins, which takes a twelfth of a start, and lets each of them read
# the config and its secrets. It asks for this with its first model, which is made anywhere below.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
