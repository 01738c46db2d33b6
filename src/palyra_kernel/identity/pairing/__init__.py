"""Pairing without a network: messages in, messages out, over records. ``docs/pairing.md`` has it byte for byte."""
