"""Auth profiles: whose credential it is, how it stays fresh, and which one is used."""
