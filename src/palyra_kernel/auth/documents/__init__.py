"""Profiles and their runtime state as two TOML documents: for people to read, move and edit. The records are the truth;
no secret stands in a document."""
