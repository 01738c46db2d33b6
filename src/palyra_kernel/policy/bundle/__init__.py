"""Bundles: the files beside this one are the default, for people to read; the code reads and checks such files."""

from palyra_kernel.policy.bundle.bundle import Bundle, SessionLayer

__all__ = ["Bundle", "SessionLayer"]
