"""HTTP: the only part of the sources that knows httpx."""

import sys

# httpx imports its own command line where it can, and with it rich and pygments, which are here for ours: 12 MB and a
# tenth of a second that a daemon has no use for. Without that module it does as it does where those are not installed.
_UNUSED = "httpx._main"
_is_first = _UNUSED not in sys.modules
if _is_first:
    sys.modules[_UNUSED] = None  # type: ignore[assignment]  # how Python writes "not to be had"

from watcher.sources._http.client import Http  # noqa: E402 - httpx is imported by it

if _is_first:
    del sys.modules[_UNUSED]

__all__ = ["Http"]
