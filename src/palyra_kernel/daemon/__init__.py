"""The gateway: listeners, the apps on them, and `palyra serve`. Transports authenticate peers and decide nothing."""
