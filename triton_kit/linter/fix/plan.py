"""What ``tk validate --fix`` would do: each model fixed in memory, judged again, and taken only if it is better."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from triton_kit.linter.diagnostic import Diagnostic, Report, Severity
from triton_kit.linter.engine import Run
from triton_kit.linter.fix.changes import RENDERED, Patch
from triton_kit.linter.options import Options
from triton_kit.linter.rule import RULES
from triton_kit.linter.scope import served, with_dependents
from triton_kit.linter.select import chosen
from triton_kit.model import disk as files
from triton_kit.model.model import Model
from triton_kit.model.overlay import Overlay
from triton_kit.model.target import Target, find_targets
from triton_kit.value import replace

_ROUNDS = 100
_MOST_SINGLY = 100
"""So many findings of a model are fixed one at a time, each of which judges the whole model again."""
_PASSES = 5


class FixedFile(NamedTuple):
    """A file, the text it has and the text it is to have; bytes that are not UTF-8 are surrogate escapes."""

    path: Path
    old: str
    new: str


class Fixes(NamedTuple):
    """What is to be done, and the report as it is then.

    ``fixed`` findings are, of those that there were before: not those that a fix lays open. ``rendered`` files are left
    alone, since another one makes them. ``withheld`` ones are, too: fixed, they would show an error that was hidden
    before, given with them.
    """

    files: tuple[FixedFile, ...]
    directories: tuple[Path, ...]
    fixed: int
    report: Report
    rendered: tuple[Path, ...] = ()
    withheld: tuple[tuple[Path, Diagnostic], ...] = ()

    @property
    def places(self) -> int:
        """How many files and directories there are to write."""
        return len(self.files) + len(self.directories)


def plan_fixes(paths: Iterable[str | os.PathLike[str]], options: Options, report: Report | None = None) -> Fixes:
    """What fixes the findings in these repositories, models and files; nothing is written.

    ``report`` is what there is to say of them, where that is known.

    After it each model is accepted, or has fewer errors and no new ones; otherwise it is left as it is, bytes and all.
    Planning again on the result gives nothing. Raises UsageError for what does not exist.
    """
    asked = find_targets(paths)
    # The ensembles that use a model are judged with it, but not edited.
    targets = with_dependents(asked, options.server)
    before = Run(options).report(targets) if report is None else report
    if not any(d.fixable for d in before.diagnostics):
        return Fixes((), (), 0, before, _rendered(before))
    for links in (True, False):
        planner = Planner(asked, options, links=links)
        planner.plan()
        after = Run(options, planner.overlay).report(targets)
        # A file that is another model's, too, may suit one of them and not the other.
        if not (_refused(after) - _refused(before)):
            return planner.fixes(before, after)
    return Fixes((), (), 0, _settled(before), _rendered(before))


def _settled(report: Report) -> Report:
    """The report without what could not be fixed after all."""
    return replace(report, diagnostics=tuple(replace(d, changes=()) if d.changes else d for d in report.diagnostics))


class Planner:
    """The state of one planning: what the files would hold, and how many findings that fixes."""

    def __init__(self, targets: Sequence[Target], options: Options, *, links: bool) -> None:
        self.targets = targets
        self.options = options
        # Whether a model gets better is decided by all rules, not only by those that are shown.
        self.judging = options._replace(select=(), ignore=())
        self.links = links
        self.overlay = Overlay({}, frozenset())
        self.old: dict[str, tuple[Path, bytes]] = {}
        self.directories: dict[str, Path] = {}
        self.withheld: dict[Path, Diagnostic] = {}

    def plan(self) -> None:
        """Fix model by model, again while that opens something to fix in the ensembles that use one."""
        for _ in range(_PASSES):
            self.withheld.clear()
            if not sum(self.fix_model(target) for target in self.fixable()):
                return

    def fixable(self) -> list[Target]:
        """The models with something to fix, each as a target of its own."""
        run = Run(self.options, self.overlay)
        report = run.report(self.targets)
        names = {d.model for d in report.diagnostics if d.fixable}
        found = []
        for target in self.targets:
            models = served(run.repository(target.repository)) if target.whole else target.models
            found += [Target(target.repository, (name,)) for name in models if name in names]
        return found

    def fix_model(self, target: Target) -> bool:
        """Mend one model: all at once, or else one finding at a time; whether anything came of it."""
        start = self.overlay
        before = self.judge(target, start)
        fixable = self.chosen(before)
        if not fixable or not self.pin(target):
            return False
        # What an unreadable text hid is not the fault of its repair, unless it is in the same file.
        file = next((d.file for d in fixable if _is_of_text(d)), None)
        for text_only in (False, True) if file else (False,):
            fixed, after = self.fix_fully(target, start, before, text_only=text_only)
            if _better(before, after, file):
                self.overlay = fixed
                return True
        if file:
            # Half a repair of the text helps nobody.
            self.withhold(fixable[0], before, after)
            return False
        return self.mend_singly(target, before)

    def fix_fully(self, target: Target, overlay: Overlay, found: Report, *, text_only: bool) -> tuple[Overlay, Report]:
        """Everything that is certain, until nothing is left or it goes in circles."""
        seen = {_state(overlay)}
        for _ in range(_ROUNDS):
            fixable = [d for d in self.chosen(found) if not text_only or _is_of_text(d)]
            following, done = self.applied(overlay, fixable)
            if not done or _state(following) in seen:
                break
            seen.add(_state(following))
            overlay = following
            found = self.judge(target, overlay)
        return overlay, found

    def mend_singly(self, target: Target, before: Report) -> bool:
        """One finding after the other, those that make it better."""
        taken = False
        tried: set[tuple[str, str]] = set()
        while len(tried) < _MOST_SINGLY:
            left = [d for d in self.chosen(before) if (d.rule, d.message) not in tried]
            if not left:
                return taken
            tried.add((left[0].rule, left[0].message))
            following, done = self.applied(self.overlay, left[:1])
            after = self.judge(target, following)
            if done and _better(before, after):
                self.overlay = following
                before, taken = after, True
            else:
                self.withhold(left[0], before, after)
        return taken

    def judge(self, target: Target, overlay: Overlay) -> Report:
        """What the rules find in one model as it would be."""
        return Run(self.judging, overlay).report([target])

    def chosen(self, report: Report) -> list[Diagnostic]:
        """The findings that can be fixed and are to be."""
        return [d for d in report.diagnostics if d.fixable and chosen(RULES[d.rule], self.options)]

    def pin(self, target: Target) -> bool:
        """Note what the configuration holds now; whether it may be edited."""
        (name,) = target.models
        model = Run(self.options).repository(target.repository).model(name)
        if model is None:
            return False
        path = model.join(model.config_name)
        if not self.links and _is_link(model):
            return False
        if os.path.realpath(path) not in self.old:
            try:
                self.old[os.path.realpath(path)] = (Path(path), files.read_bytes(path))
            except OSError:
                # There is no file: only a directory can be what is missing.
                return not os.path.lexists(path)
        return True

    def applied(self, overlay: Overlay, found: Sequence[Diagnostic]) -> tuple[Overlay, int]:
        """The files with these findings fixed, as far as they do not get in each other's way; how many were."""
        texts, made = dict(overlay.texts), set(overlay.directories)
        patches: defaultdict[str, Patch] = defaultdict(Patch)
        count = 0
        for diagnostic in found:
            edits = [(os.path.realpath(c.file), c.replacement) for c in diagnostic.changes if c.replacement]
            if not all(new in patches[path] for path, new in edits):
                if not all(patches[path].fits(new) for path, new in edits):
                    continue
                for path, new in edits:
                    patches[path].add(new)
            count += 1
            for change in diagnostic.changes:
                if change.directory:
                    real = os.path.realpath(change.file)
                    self.directories[real] = change.file
                    made.add(real)
        for path, patch in patches.items():
            if path not in self.old:
                return overlay, 0
            text = texts.get(path, self.old[path][1]).decode("utf-8", "surrogateescape")
            texts[path] = patch.made_in(text).encode("utf-8", "surrogateescape")
        return Overlay(texts, frozenset(made)), count

    def withhold(self, fixed: Diagnostic, before: Report, after: Report) -> None:
        """Remember why a file is left as it is."""
        old = _errors(before)
        new = [d for d in after.diagnostics if d.severity is Severity.ERROR and (d.rule, d.message) not in old]
        if new:
            self.withheld.setdefault(fixed.file, min(new, key=lambda d: d.file != fixed.file))

    def fixes(self, before: Report, report: Report) -> Fixes:
        """The result."""
        fixable = finding_keys(d for d in before.diagnostics if d.fixable)
        changed = tuple(
            FixedFile(self.old[path][0], *(t.decode("utf-8", "surrogateescape") for t in (self.old[path][1], text)))
            for path, text in self.overlay.texts.items()
            if text != self.old[path][1]
        )
        return Fixes(
            files=tuple(sorted(changed)),
            directories=tuple(sorted(self.directories[path] for path in self.overlay.directories)),
            fixed=(fixable - finding_keys(report.diagnostics)).total(),
            report=_settled(report),
            rendered=_rendered(report),
            withheld=tuple(self.withheld.items()),
        )


def _is_link(model: Model) -> bool:
    return os.path.realpath(model.join(model.config_name)) != os.path.join(
        os.path.realpath(model.repository.directory), model.name, model.config_name
    )


def _state(overlay: Overlay) -> tuple[object, ...]:
    return (*sorted(overlay.texts.items()), overlay.directories)


def _is_of_text(diagnostic: Diagnostic) -> bool:
    return RULES[diagnostic.rule].area == "parsing"


def finding_keys(found: Iterable[Diagnostic]) -> Counter[tuple[Path, str, str]]:
    """What findings are known by when lines have moved."""
    return Counter((d.file, d.rule, d.message) for d in found)


def _errors(report: Report, file: Path | None = None) -> Counter[tuple[str, str]]:
    found = (d for d in report.diagnostics if d.severity is Severity.ERROR and (file is None or d.file == file))
    return Counter((d.rule, d.message) for d in found)


def _better(before: Report, after: Report, file: Path | None = None) -> bool:
    """Whether there are fewer errors, in that file, and no new ones; where there are the same, fewer findings."""
    old, new = _errors(before, file), _errors(after, file)
    if new - old:
        return False
    return len(after.diagnostics) < len(before.diagnostics) if new == old else True


def _refused(report: Report) -> set[str | None]:
    """The models with an error."""
    return {d.model for d in report.diagnostics if d.severity is Severity.ERROR}


def _rendered(report: Report) -> tuple[Path, ...]:
    """The files with findings that are made from another one."""
    return tuple(file for file, text in sorted(report.sources.items()) if RENDERED.match(text))
