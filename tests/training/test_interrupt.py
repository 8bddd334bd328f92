"""Ctrl-C and SIGTERM are noted once, and obeyed at once the second time."""

import os
import signal
import threading

import pytest

from graftgan.training.interrupt import Interrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Interrupt() as interrupt:
        assert not interrupt.asked
        os.kill(os.getpid(), number)
        assert interrupt.asked
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("first", "second"), [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)])
def test_the_second_ends_at_once(first: signal.Signals, second: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        with Interrupt():
            os.kill(os.getpid(), first)
            os.kill(os.getpid(), second)
            raise AssertionError("still running")
    assert signal.getsignal(signal.SIGINT) is before


def test_in_a_thread_it_never_fires() -> None:
    found = []

    def run() -> None:
        with Interrupt() as interrupt:
            found.append(interrupt.asked)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False]
