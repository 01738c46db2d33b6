"""What is answered behind each door: one app for each, with no path in common."""
