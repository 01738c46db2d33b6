"""Who a device is and how it proves it: certificate authority, devices, pairing, revocation. No network in here."""
