"""What happened: events in the commit of what they tell, chained, and provable to a stranger."""

from palyra_kernel.audit.audit import Audit
from palyra_kernel.audit.encoding import encode
from palyra_kernel.audit.event import Event, Outcome, event_of
from palyra_kernel.audit.group import Group

__all__ = ["Audit", "Event", "Group", "Outcome", "encode", "event_of"]
