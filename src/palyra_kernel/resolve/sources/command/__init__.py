"""Commands that print secrets: what may be started, how it is started, and what it answers."""
