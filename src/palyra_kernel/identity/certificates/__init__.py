"""X.509 as this house writes and reads it: four profiles, requests, host names, verification. P-256 and SHA-256 alone.

``cryptography.x509`` costs 70 ms to import, so every function here imports it when it is called.
"""
