"""Interrupts: a transaction that a signal cut short is not in the way of the next one."""

import os
import signal
import sys
import threading
import time

import pytest

from palyra_kernel import Deadline, DurableDatabase


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to one process")
def test_an_interrupt_anywhere_leaves_a_database_that_works(tmp_path):
    """Ctrl+C right behind BEGIN left the transaction open: every later write said that the file was damaged."""
    database = DurableDatabase(tmp_path / "x.db", schema=["CREATE TABLE t (a)"], format=1)
    stop, armed = threading.Event(), False

    def interrupt():
        while not stop.wait(0.002):
            os.kill(os.getpid(), signal.SIGINT)

    def handle(_number, _frame):  # only inside of the block below: the loop around it is not what is tested
        nonlocal armed
        if armed:
            armed = False
            raise KeyboardInterrupt

    written = interrupted = 0
    sender = threading.Thread(target=interrupt)
    end = time.monotonic() + 2
    before = signal.signal(signal.SIGINT, handle)
    sender.start()
    try:
        while time.monotonic() < end:
            try:
                armed = True
                with database.transaction(Deadline.after(5)) as connection:
                    connection.execute("INSERT INTO t VALUES (1)")
                armed = False
                written += 1
            except KeyboardInterrupt:
                interrupted += 1
    finally:
        stop.set()
        sender.join()
        signal.signal(signal.SIGINT, before)
    assert interrupted
    with database.transaction(Deadline.after(5)) as connection:
        connection.execute("INSERT INTO t VALUES (2)")
    ((count,),) = database.rows("SELECT count(*) FROM t")
    assert count >= written + 1
    assert database.check() == []
    database.close()
