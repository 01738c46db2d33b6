"""``python -m palyra_kernel.cli``."""

from palyra_kernel.cli import main

main()
