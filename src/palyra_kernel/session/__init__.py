"""Acting for a principal: every method asks, acts and writes down."""

from palyra_kernel.session.secrets import SessionSecrets
from palyra_kernel.session.session import Services, Session

__all__ = ["Services", "Session", "SessionSecrets"]
