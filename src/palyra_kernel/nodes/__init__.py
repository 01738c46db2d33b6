"""Paired devices that take work, as the gateway sees them: what they can do, what they were given, what came of it."""
