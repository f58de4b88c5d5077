"""Items made by a thread ahead of their use."""

import threading
import time

import pytest

from core.intake.ahead import read_ahead


def names():
    return [thread.name for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_items_come_in_order_and_from_another_thread():
    makers = set()

    def make():
        for number in range(50):
            makers.add(threading.get_ident())
            yield number

    assert list(read_ahead(make())) == list(range(50))
    assert makers
    assert threading.get_ident() not in makers
    assert not names()


def test_no_more_than_two_items_are_made_ahead():
    made = []

    def make():
        for number in range(20):
            made.append(number)
            yield number

    for used in read_ahead(make()):
        time.sleep(0.01)
        assert len(made) <= used + 3
    assert len(made) == 20


def test_an_error_is_raised_where_its_item_would_be():
    def make():
        yield 1
        raise OSError("the file went away")

    found = read_ahead(make())
    assert next(found) == 1
    with pytest.raises(OSError, match="went away"):
        next(found)
    assert not names()


def test_stopping_early_ends_the_thread():
    def make():
        number = 0
        while True:
            number += 1
            yield number

    found = read_ahead(make())
    assert next(found) == 1
    assert names()
    found.close()
    assert not names()
