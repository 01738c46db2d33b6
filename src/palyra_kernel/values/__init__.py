"""Plain values without I/O: they check themselves when built and import nothing of the kernel but its errors."""

from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.findings import Finding
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes

__all__ = ["Deadline", "Finding", "SensitiveBytes", "VaultRef", "VaultScope"]
