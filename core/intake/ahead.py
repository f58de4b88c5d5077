"""Reading ahead: the next batch is read and worked out while the database stores this one."""

import sys
from collections.abc import Generator, Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
LOOK_SECONDS = 0.05
# How long who reads ahead may keep on when an answer of the database has come. Python's own 5 ms
# are as long as most statements take, and there are a dozen around each batch.
SWITCH_SECONDS = 0.0005


class _End:
    """What comes after the last item: the error that ended the reading, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items, each made by a thread while its predecessor is being used.

    At most two items are waiting or in the making. An error of the thread is raised here, in its
    place; when the caller stops early or closes this iterator, the thread ends before it returns.

    It pays where storing happens in another process, as with PostgreSQL. SQLite stores in this one
    and gives way to other threads at every row, so there it would cost more than it brings.
    """
    made: Queue[T | _End] = Queue(maxsize=1)
    is_over = Event()

    def make() -> None:
        end = _End()
        try:
            for item in items:
                if not _put(made, item, is_over):
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where the items are used
            end = _End(error)
        _put(made, end, is_over)

    thread = Thread(target=make, name="read-ahead", daemon=True)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, SWITCH_SECONDS))
    thread.start()
    try:
        while True:
            item = made.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        is_over.set()
        thread.join()
        sys.setswitchinterval(usual)


def _put(queue: "Queue[T | _End]", item: "T | _End", is_over: Event) -> bool:
    """Wait for room; False when nobody wants the item any more."""
    while not is_over.is_set():
        try:
            queue.put(item, timeout=LOOK_SECONDS)
        except Full:
            continue
        return True
    return False
