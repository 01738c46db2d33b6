"""Acting for a principal: every method asks, acts and writes down."""
