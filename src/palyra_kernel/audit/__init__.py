"""What happened: events in the commit of what they tell, chained, and provable to a stranger."""
