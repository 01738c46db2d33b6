"""Bytes that must be on the disk: private folders, small files, one lock, SQLite databases. No meaning lives here."""

from palyra_kernel.durable.files import read_file, write_file
from palyra_kernel.durable.folders import normal_path, private_folder
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.durable.sqlite import DurableDatabase

__all__ = ["DurableDatabase", "FileLock", "normal_path", "private_folder", "read_file", "write_file"]
