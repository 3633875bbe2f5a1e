"""Simulated OnQ and OSN APIs on loopback, for trying things out and for tests."""

from watcher.lab.lab import Lab
from watcher.lab.onq_api import OnqApi
from watcher.lab.onq_row import onq_row
from watcher.lab.osn_api import OsnApi
from watcher.lab.osn_row import osn_row

__all__ = ["Lab", "OnqApi", "OsnApi", "onq_row", "osn_row"]
