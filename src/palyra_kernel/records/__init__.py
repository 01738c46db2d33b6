"""What the kernel remembers: sealed, versioned records in a RecordStore. Rooms return a Change; they do not commit."""

from palyra_kernel.records.change import Change
from palyra_kernel.records.namespaces import Namespace
from palyra_kernel.records.records import Record, Records

__all__ = ["Change", "Namespace", "Record", "Records"]
