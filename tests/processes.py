"""Forked processes for tests: many beginning at one moment, and one killed at a given statement."""

import multiprocessing
import os
import signal
from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.engine import Connection

from core.db import db

fork = multiprocessing.get_context("fork")
TAKEN, NOTHING, BROKEN = 10, 11, 12


def child(work: Callable[[], int]) -> None:
    """What a forked process does: connections of its own, an exit code as its answer."""
    db.session.remove()
    db.engine.dispose(close=False)
    try:
        code = work()
    except BaseException:  # noqa: BLE001 - whatever broke is the answer
        code = BROKEN
    os._exit(code)


def race(count: int, work: Callable[[], int], patience: int = 60) -> list[int]:
    """Let so many processes begin the work at one moment; their exit codes."""
    db.session.rollback()
    db.session.remove()
    db.engine.dispose()
    gate = fork.Barrier(count)

    def run() -> int:
        gate.wait(patience)
        return work()

    runners = [fork.Process(target=child, args=(run,)) for _ in range(count)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(patience)
    return [runner.exitcode for runner in runners]


def statements_of(work: Callable[[], int]) -> int:
    """How many statements the work sends, counted in a process that rolls it all back."""
    counted = fork.Value("i", 0)

    def run() -> int:
        def count(*_args: object) -> None:
            counted.value += 1

        event.listen(db.engine, "before_cursor_execute", count)

        def refuse(_connection: Connection) -> None:
            raise RuntimeError("only counting")

        event.listen(db.engine, "commit", refuse)
        return work()

    assert race(1, run) == [BROKEN]
    return counted.value


def killed_at(number: int, work: Callable[[], int]) -> Callable[[], int]:
    """The work, killed -9 before its statement of that number; one beyond the last: at COMMIT."""

    def run() -> int:
        sent = 0

        def count(*_args: object) -> None:
            nonlocal sent
            sent += 1
            if sent == number:
                os.kill(os.getpid(), signal.SIGKILL)

        def at_commit(_connection: Connection) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        event.listen(db.engine, "before_cursor_execute", count)
        event.listen(db.engine, "commit", at_commit)
        return work()

    return run


def killed_at_any(number: int, work: Callable[[], int]) -> Callable[[], int]:
    """The same, but commits on the way go through: for work that is wrongly more than one."""

    def run() -> int:
        sent = 0

        def count(*_args: object) -> None:
            nonlocal sent
            sent += 1
            if sent == number:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(db.engine, "before_cursor_execute", count)
        return work()

    return run


def killed_after_commit(work: Callable[[], int]) -> Callable[[], int]:
    """The work done, and the process killed before it could say so."""

    def run() -> int:
        work()
        os.kill(os.getpid(), signal.SIGKILL)
        return BROKEN

    return run
