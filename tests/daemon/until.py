"""Waiting for what another thread does."""

from __future__ import annotations

import time


def until(true, seconds=20):
    """Return once *true* is; fail after *seconds*, which is no measure of anything."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)
