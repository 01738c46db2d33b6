"""What happened: events in the commit of what they tell, chained, and provable to a stranger."""

from palyra_kernel.audit.encoding import encode
from palyra_kernel.audit.event import Event, Outcome, event_of

__all__ = ["Event", "Outcome", "encode", "event_of"]
