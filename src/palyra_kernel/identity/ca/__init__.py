"""The certificate authority of a vault: made once, kept in records and envelopes, rolled over with overlap."""
