"""UUID version 7 (RFC 9562, section 5.7): public ids that sort by time of creation."""

from __future__ import annotations

import os
import time
import uuid

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)


def uuid7() -> uuid.UUID:
    """48 bits of Unix milliseconds, then 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    random_a, random_b = random >> 68, random & ((1 << 62) - 1)
    return uuid.UUID(int=(time.time_ns() // 1_000_000 << 80) | (random_a << 64) | _VERSION_AND_VARIANT | random_b)
