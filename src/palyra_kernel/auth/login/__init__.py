"""How credentials come and go: logins by code and by device, API keys, logging out, and what waits for revocation."""
