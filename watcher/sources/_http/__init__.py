"""HTTP: the only part of the sources that knows httpx."""

from watcher.sources._http.client import Http

__all__ = ["Http"]
