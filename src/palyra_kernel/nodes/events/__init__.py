"""What nodes say of themselves: a bounded, durable log for each device, with numbers that have no gaps.

``log`` keeps the events, ``tokens`` says where to go on, ``quota`` how much a device may say, ``events`` puts them
together. Readers pull: a slow one holds nothing up, and is told what it missed.
"""
