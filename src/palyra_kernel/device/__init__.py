"""This machine as a device of a gateway elsewhere: its keys, pairing, certificates, and the work it takes."""
