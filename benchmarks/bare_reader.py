"""Bare reader: a whole process that reads the pages it is given with httpx, and does nothing with them."""

import sys
from pathlib import Path

import httpx

with httpx.Client(trust_env=False) as client:
    for url in Path(sys.argv[1]).read_text(encoding="utf-8").split():
        client.get(url).raise_for_status()
