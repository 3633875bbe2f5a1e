"""The signature: what proves to a receiver that a webhook is ours and fresh, by the scheme of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable

PREFIX = "whsec_"
FEWEST_BYTES, MOST_BYTES = 24, 64


def read_key(written: str) -> bytes:
    """Return the bytes of a key. Raises ValueError, which does not show it."""
    text = written.strip()
    try:
        key = b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except ValueError:
        key = b""
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"is no signing key; write {PREFIX} and {FEWEST_BYTES} to {MOST_BYTES} bytes in Base64")
    return key


def sign(keys: Iterable[bytes], delivery_id: str, at_s: int, body: bytes) -> str:
    """Return the value of the header webhook-signature: one signature for each key, so that keys can be rotated.

    `at_s`: seconds since 1970, as in the header webhook-timestamp.
    """
    signed = f"{delivery_id}.{at_s}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)
