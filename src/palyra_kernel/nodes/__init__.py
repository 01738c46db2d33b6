"""Paired devices that take work, once, within its deadline: the gateway's part, which opens no connection."""
