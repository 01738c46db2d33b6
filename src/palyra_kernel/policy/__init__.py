"""What may happen: Cedar decides, checks may object, everything else is denied."""
