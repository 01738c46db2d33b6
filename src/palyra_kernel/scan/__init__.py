"""Reading other programs' files for secrets: leaf values with their places, what is wrong with them, and putting
references where values stood. Nothing here opens a vault, and nothing that it returns for people holds a value."""
