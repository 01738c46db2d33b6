"""The capabilities that every node has: whether it answers, how it is, what it is. None of them changes anything."""
