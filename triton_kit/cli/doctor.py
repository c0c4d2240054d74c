"""``tk doctor``: whether this machine can serve, and what another release would break."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Format, RepositoryPath, release_option
from triton_kit.cli.support.release import tell_newer
from triton_kit.cli.support.runtime_options import Image
from triton_kit.errors import UsageError
from triton_kit.repository.release_name import DEFAULT_RELEASE

if TYPE_CHECKING:
    from triton_kit.doctor.finding import Check, Finding
    from triton_kit.doctor.step import Group, Step

_STYLES = {"ok": "green", "warning": "yellow", "problem": "red", "unknown": "cyan", "skipped": "dim"}
_MARKS = {"ok": "✓", "warning": "!", "problem": "✗", "unknown": "?", "skipped": "-"}


def doctor(
    path: RepositoryPath = None,
    server_args: Annotated[
        list[str] | None, Argument(metavar="[-- FLAG...]", help="Flags of your tritonserver, after a --.")
    ] = None,
    release: Annotated[
        str | None, release_option("Another release, YY.MM: say also what it would break.", "--release", "--to")
    ] = None,
    before: Annotated[
        str | None,
        release_option(f"The release now, YY.MM; by default tk.yaml's, or the newest, {DEFAULT_RELEASE}.", "--from"),
    ] = None,
    image: Image = None,
    only: Annotated[list[str] | None, Option(metavar="CHECK", help="This check alone; may be repeated.")] = None,
    skip: Annotated[list[str] | None, Option(metavar="CHECK", help="Not this check; may be repeated.")] = None,
    fix: Annotated[bool, Option("--fix", help="Do what is safe: make directories, fetch the server.")] = False,
    format_: Format = "text",
) -> int:
    """Say whether this machine can serve the repository: each check, what it saw, and what to do.

    With --release, or --to, it is also an advisor: what must, should or may be done in this repository, in the flags
    after -- and by the clients, between the release that you have and that one. The exit code is 1 where there is a
    problem, or where something must be done.
    """
    from triton_kit.cli.support import serve_loop
    from triton_kit.doctor.examination import examine
    from triton_kit.doctor.machine import Machine
    from triton_kit.doctor.upgrade import advise

    as_json = format_ == "json"
    if release is not None:
        tell_newer(release, as_json=as_json)
    repository, named, flags = serve_loop.defaults(
        path, server_args or [], release=before, image=image, as_json=as_json
    )
    now = named or DEFAULT_RELEASE
    place = repository if path is not None and not path.startswith("-") else _a_repository(repository)
    machine = Machine(repository=place, container=release or now, environment=os.environ, image=image, flags=flags)
    checks = _chosen(only, skip)
    found = examine(checks, machine)
    done = _fix(checks, found, machine) if fix else []
    if done:
        found = examine(checks, machine)
    steps = advise(place, now, release, flags=flags, devices=machine.devices) if release and release != now else ()
    if as_json:
        terminal.out_json(_json(found, done, now, release, steps))
    else:
        _show(found)
        for line in done:
            terminal.out(f"  {line}")
        if release and release != now:
            _show_steps(now, release, steps)
    bad = any(one.result == "problem" for one in found.values()) or any(step.group == "must" for step in steps)
    return 1 if bad else 0


def _a_repository(path: Path) -> Path | None:
    """The path, where that makes sense: a directory that was not named must look like a repository."""
    if not path.is_dir():
        return None
    return path if any(path.glob("*/config.pbtxt")) or any(path.glob("*/[0-9]*/model.*")) else None


def _chosen(only: Sequence[str] | None, skip: Sequence[str] | None) -> tuple[Check, ...]:
    from triton_kit.doctor.table import CHECKS
    from triton_kit.suggestion import suggest

    names = [check.name for check in CHECKS]
    for name in (*(only or ()), *(skip or ())):
        if name not in names:
            raise UsageError(f"{name} is not a check", hint=suggest(name, names))
    return tuple(check for check in CHECKS if (not only or check.name in only) and check.name not in (skip or ()))


def _fix(checks: Sequence[Check], found: Mapping[str, Finding], machine: object) -> list[str]:
    from triton_kit.doctor.machine import Machine

    assert isinstance(machine, Machine)
    wanted = [check for check in checks if check.fix and found[check.name].result in ("warning", "problem")]
    return [check.fix(machine) for check in wanted if check.fix]


def _show(found: Mapping[str, Finding]) -> None:
    width = max(map(len, found), default=0)
    for name, one in found.items():
        mark = terminal.style(_MARKS[one.result], _STYLES[one.result])
        evidence = terminal.style(one.evidence, "dim") if one.result == "skipped" else one.evidence
        terminal.out(f"{mark} {name.ljust(width)}  {evidence}")
        if one.remedy and one.result != "ok":
            terminal.out(f"  {' ' * width}  → {one.remedy}")
    counts = {result: sum(one.result == result for one in found.values()) for result in ("problem", "warning")}
    parts = [f"{count} {result}{'' if count == 1 else 's'}" for result, count in counts.items() if count]
    terminal.out(f"\n{', '.join(parts) or 'nothing is in the way'}")


_GROUPS: Mapping[Group, tuple[str, str]] = {
    "must": ("must be done", "red"),
    "should": ("should be looked at", "yellow"),
    "know": ("good to know", "cyan"),
}


def _show_steps(before: str, after: str, steps: Sequence[Step]) -> None:
    terminal.out(f"\n{before} → {after}" + ("" if steps else ": nothing is known to break"))
    for group, (title, style) in _GROUPS.items():
        those = [step for step in steps if step.group == group]
        if those:
            terminal.out(f"\n{terminal.style(f'{title} ({len(those)})', style)}")
        for step in those:
            terminal.out(f"  {step.since or '':<5}  {step.what.removeprefix(f'from {step.since} on ')}")
            if step.remedy:
                terminal.out(f"         → {step.remedy}")
            terminal.out(terminal.style(f"         source: {step.source}", "dim"))


def _json(
    found: Mapping[str, Finding], done: Sequence[str], before: str, after: str | None, steps: Sequence[Step]
) -> dict[str, object]:
    return {
        "checks": [
            {"name": name, "result": one.result, "evidence": one.evidence, "remedy": one.remedy}
            for name, one in found.items()
        ],
        "fixed": list(done),
        "from": before,
        "release": after,
        "upgrade": [_step_json(step) for step in steps],
    }


def _step_json(step: Step) -> dict[str, object]:
    return {
        "weight": step.weight,
        "group": step.group,
        "since": step.since,
        "until": step.until,
        "what": step.what,
        "remedy": step.remedy,
        "source": step.source,
    }
