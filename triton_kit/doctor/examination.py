"""Ask all checks at once; none may keep the others waiting."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from typing import TypeAlias

from triton_kit.doctor.finding import Check, Finding, problem, unknown
from triton_kit.doctor.machine import Machine
from triton_kit.errors import TkError

DEADLINE = 15.0
"""Seconds that a check may take; those that ask another program give that less, see ``machine.PATIENCE``."""

_Answer: TypeAlias = "queue.SimpleQueue[tuple[str, Finding]]"


def examine(checks: Iterable[Check], machine: Machine, *, deadline: float = DEADLINE) -> dict[str, Finding]:
    """What each check found, by its name and in its order; a check that takes too long is ``unknown``."""
    checks = tuple(checks)
    answers: _Answer = queue.SimpleQueue()
    for check in checks:
        # A daemon: a check that hangs must not keep tk from ending.
        threading.Thread(target=_look, args=(check, machine, answers), name=check.name, daemon=True).start()
    found: dict[str, Finding] = {}
    end = time.monotonic() + deadline
    while len(found) < len(checks):
        try:
            name, finding = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[name] = finding
    late = unknown(f"no answer within {deadline:g} s")
    return {check.name: found.get(check.name, late) for check in checks}


def _look(check: Check, machine: Machine, answers: _Answer) -> None:
    try:
        finding = check.look(machine)
    except TkError as error:
        finding = problem(error.message, error.hint)
    except OSError as error:
        finding = unknown(f"{error.filename or 'this machine'}: {error.strerror or error}")
    answers.put((check.name, finding))
