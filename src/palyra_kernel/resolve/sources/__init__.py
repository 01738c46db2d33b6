"""The built-in sources of secrets, one file each."""
