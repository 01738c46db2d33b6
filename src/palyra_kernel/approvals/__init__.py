"""What a human granted: exactly one request, for a while, used once unless said otherwise."""
