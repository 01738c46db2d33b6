"""Slots, the root key, and what is derived from it. The root key itself is held only while a vault is opened."""
