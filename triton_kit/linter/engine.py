"""Rules times models: what is wrong, with its place, in order."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from triton_kit.linter.areas import AREAS, UNCONDITIONAL
from triton_kit.linter.diagnostic import Change, Diagnostic, Problem, Report, Severity
from triton_kit.linter.findings import INTERNAL, Finding, ModelFindings, apply, internal, keep_first_internal
from triton_kit.linter.options import Options
from triton_kit.linter.rule import load_rules
from triton_kit.linter.rule_set import RuleSet
from triton_kit.linter.scope import served, with_dependents
from triton_kit.linter.select import chosen
from triton_kit.linter.suppress import MARK, Suppressions
from triton_kit.model import disk as files
from triton_kit.model.broken import Broken
from triton_kit.model.ensemble import members_of
from triton_kit.model.model import Model
from triton_kit.model.overlay import Disk
from triton_kit.model.repository import Repository
from triton_kit.model.target import Target, find_targets
from triton_kit.repository.text_format.source import START, Span

ModelKey = tuple[Repository, str]
"""A repository and the name of a model in it."""

MANY = 150
"""So many models are judged in several processes, if there are processors for them."""

PIECE = 8
"""So many of them at a time: until the first piece is done, and at the end, one processor works alone."""


def lint(
    path: str | os.PathLike[str],
    *,
    release: str | None = None,
    auto_complete: bool = True,
    gpus: int | None = None,
    server_args: Sequence[str] = (),
) -> Report:
    """What a Triton server of that container release would refuse in a repository, model, or config.pbtxt.

    ``auto_complete=False`` judges as ``--disable-auto-complete-config`` does; ``gpus`` is how many GPUs the server's
    machine has, ``None`` when unknown; ``server_args`` are its flags; a ``release`` of ``None`` is DEFAULT_RELEASE.
    Raises UsageError for a path that does not exist or a release that is unknown.
    """
    from triton_kit.model.server_flags import server_options

    server = server_options(server_args, release=release, auto_complete=auto_complete, gpus=gpus)
    return lint_paths([path], Options(server))


def lint_paths(paths: Iterable[str | os.PathLike[str]], options: Options) -> Report:
    """Lint repositories, models and single files. Raises UsageError for what does not exist."""
    targets = with_dependents(find_targets(paths))
    collecting = gc.isenabled()
    # Thousands of small values that all live to the end: looking for garbage among them finds none.
    gc.disable()
    try:
        return Run(options).report(targets)
    finally:
        if collecting:
            gc.enable()


class Run:
    """One pass over some targets: each model is judged once, however many ask for its verdict."""

    def __init__(self, options: Options, disk: Disk = files) -> None:
        self.options = options
        self.disk = disk
        self.rules = RuleSet(options.server.release)
        self.severities = dict(options.severities)
        self.findings: dict[str, list[Finding]] = {}
        self.repositories: dict[str, Repository] = {}

    def report(self, targets: Iterable[Target]) -> Report:
        """The report on the targets, each model named once."""
        places: dict[str, ModelKey] = {}
        diagnostics: list[Diagnostic] = []
        targets = self.as_one_server(targets)
        for target in targets:
            repository = self.repository(target.repository)
            if target.whole:
                diagnostics += self.judge_repository(repository)
            for name in served(repository) if target.whole else target.models:
                places.setdefault(os.path.join(repository.directory, name), (repository, name))
        outcomes = [one for one in self.outcomes(list(places.values())) if one is not None]
        sources: dict[Path, str] = {}
        for outcome in outcomes:
            diagnostics += outcome.diagnostics
            sources |= outcome.sources
        diagnostics.sort(key=_order)
        return Report(
            diagnostics=tuple(diagnostics),
            models=tuple(one.name for one in outcomes),
            files=sum(one.has_config for one in outcomes),
            suppressed=sum(one.suppressed for one in outcomes),
            sources=sources,
        )

    def outcomes(self, places: Sequence[ModelKey]) -> list[ModelFindings | None]:
        """What there is to say about each model; many are shared with other processes, whatever the order.

        Ensembles come last and in order: those that use each other are judged differently from each end.
        """
        if len(places) < MANY:
            return [self.outcome(place) for place in places]
        from triton_kit.linter.parallel import MOST_PIECES, in_pieces

        size = max(PIECE, -(-len(places) // MOST_PIECES))
        pieces = [places[i : i + size] for i in range(0, len(places), size)]
        found = in_pieces(len(pieces), lambda i: [self.outcome(place, forgetting=True) for place in pieces[i]])
        outcomes = [outcome for piece in found for outcome in piece]
        for (repository, name), outcome in zip(places, outcomes, strict=True):
            if outcome is not None and not outcome.deferred:
                # All that an ensemble asks of the verdict.
                refusal = [(INTERNAL, outcome.refusal)] if outcome.refusal else []
                self.findings.setdefault(os.path.join(repository.directory, name), refusal)
        return [
            self.outcome(place) if outcome is not None and outcome.deferred else outcome
            for place, outcome in zip(places, outcomes, strict=True)
        ]

    def outcome(self, place: ModelKey, *, forgetting: bool = False) -> ModelFindings | None:
        """What there is to say about a model, ``None`` where it is gone.

        ``forgetting`` keeps nothing of what was read, and leaves ensembles for later.
        """
        repository, name = place
        model = repository.model(name)
        if model is None:
            return None
        if forgetting and _is_ensemble(model):
            return ModelFindings(name, True, deferred=True)
        found = [self.diagnose(model, f) for f in self.judge(model) if chosen(f[0], self.options)]
        has_config = model.listing_error is None and model.config_kind == files.FILE
        kept, unused = self.unsuppressed(model, found)
        sources: dict[Path, str] = {}
        _remember_sources(model, [*kept, *unused], sources)
        outcome = ModelFindings(model.name, has_config, (*kept, *unused), len(found) - len(kept), sources)
        if forgetting:
            outcome = outcome._replace(refusal=self.refusal(model))
            repository.forget(name)
            self.findings.pop(model.directory, None)
        return outcome

    def as_one_server(self, targets: Iterable[Target]) -> list[Target]:
        """The targets, with the whole repositories among them known to each other: they are those of one server."""
        targets = list(targets)
        whole = [self.repository(target.repository) for target in targets if target.whole]
        if len(whole) > 1:
            places = [os.path.realpath(one.directory) for one in whole]
            for one, place in zip(whole, places, strict=True):
                one.others = tuple(other for other, there in zip(whole, places, strict=True) if there != place)
                one.second = one is not whole[0]
        return targets

    def repository(self, path: str) -> Repository:
        """The repository at a path, with its models' verdicts at hand for ensembles."""
        if path not in self.repositories:
            self.repositories[path] = Repository(path, self.options.server, self.refusal)
            self.repositories[path].disk = self.disk
        return self.repositories[path]

    def judge(self, model: Model) -> list[Finding]:
        """Everything the rules find in a model. A model that is being judged further up has nothing yet."""
        if model.directory not in self.findings:
            for one in self._members_first(model) if _is_ensemble(model) else (model,):
                self._ask(one)
        return self.findings[model.directory]

    def _ask(self, model: Model) -> None:
        """Ask each rule about a model."""
        found = self.findings.setdefault(model.directory, [])
        for rule in self.rules.about(model):
            # A hundred times a model: no call where nothing goes wrong, see apply.
            try:
                for problem in rule.check(model):
                    found.append((rule, problem))
            except Broken:
                pass
            except Exception as error:
                found.append(internal(rule, model.directory, error))
        keep_first_internal(found)

    def _members_first(self, ensemble: Model) -> Iterator[Model]:
        """The models that its steps lead to and that were not judged, each behind its own, and it at the end.

        A rule about an ensemble asks for their verdicts: however long the chain, no call is nested in another.
        """
        self.findings[ensemble.directory] = []
        work = [(ensemble, iter(members_of(ensemble)))]
        while work:
            model, members = work[-1]
            member = next((one for one in members if one.directory not in self.findings), None)
            if member is None:
                work.pop()
                yield model
            else:
                self.findings[member.directory] = []
                work.append((member, iter(members_of(member))))

    def refusal(self, model: Model) -> Problem | None:
        """The first error found in a model, or ``None`` where the server would take it."""
        return next((p for rule, p in self.judge(model) if (p.severity or rule.severity) is Severity.ERROR), None)

    def judge_repository(self, repository: Repository) -> Iterator[Diagnostic]:
        """What is wrong with the repository as a whole."""
        for rule in self.rules.of("repository", UNCONDITIONAL):
            if chosen(rule, self.options):
                for found in apply(rule, repository):
                    file = found[1].file or Path(repository.path)
                    yield self.diagnostic(found, None, file, found[1].span or START)

    def diagnose(self, model: Model, finding: Finding) -> Diagnostic:
        """A finding with its place: the only function that turns routes into spans."""
        rule, problem = finding
        span = problem.span or START
        if problem.file is None and problem.span is None and problem.at:
            span = model.document.source.locate(problem.at, key=problem.key)
        changes: tuple[Change, ...] = ()
        if problem.fix is not None:
            from triton_kit.linter.fix.changes import changes_of

            changes = changes_of(problem.fix, model)
        return self.diagnostic((rule, problem), model.name, problem.file or model.at_file, span, changes)

    def diagnostic(
        self, finding: Finding, model: str | None, file: Path, span: Span, changes: tuple[Change, ...] = ()
    ) -> Diagnostic:
        """A finding at a place, as bad as the project takes it."""
        rule, problem = finding
        severity = problem.severity or rule.severity
        if self.severities:
            severity = self.severities.get(rule.name) or self.severities.get(rule.area) or severity
        return Diagnostic(
            rule=rule.name,
            severity=severity,
            model=model,
            file=file,
            span=span,
            message=problem.message,
            help=problem.help,
            related=problem.related,
            changes=changes,
        )

    def unsuppressed(self, model: Model, found: list[Diagnostic]) -> tuple[list[Diagnostic], list[Diagnostic]]:
        """The findings that no comment silences, and those about comments that silence nothing.

        Without such a comment nothing is looked for: the rules that it may be about are all the rules there are.
        """
        if not has_suppressions(model):
            return found, []
        try:
            document = model.document
            suppressions = Suppressions(document.source)
        except Exception:
            # A document that is not available is a finding already.
            return found, []
        config = model.at_file
        kept = [d for d in found if d.file != config or not suppressions.cover(d.rule, d.span)]
        rules = [r for r in self.rules.of("suppressions", ("suppressions",)) if chosen(r, self.options)]
        if document.problems or not rules:
            return kept, []
        heard = {r.name for r in (*self.rules.of("model", AREAS), *rules) if chosen(r, self.options)}
        unused = list(suppressions.unused(heard, load_rules()))
        notes = [
            self.diagnostic(one, model.name, config, one[1].span or START)
            for rule in rules
            for one in apply(rule, unused, str(config))
        ]
        return kept, [d for d in notes if not suppressions.cover(d.rule, d.span)]


def _is_ensemble(model: Model) -> bool:
    try:
        return model.is_ensemble
    except Broken:
        return False


def has_suppressions(model: Model) -> bool:
    """Whether a comment of the configuration silences anything."""
    try:
        return MARK in model.document.source.text
    except Broken:
        return False


def _remember_sources(model: Model, kept: Sequence[Diagnostic], sources: dict[Path, str]) -> None:
    for diagnostic in kept:
        file = diagnostic.file
        if file in sources or diagnostic.file.suffix not in (".pbtxt", ".py"):
            continue
        try:
            text = model.document.source.text if file == model.at_file else files.read_bytes(str(file)).decode()
        except (Broken, OSError, ValueError):
            continue
        sources[file] = text


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, int]:
    span = diagnostic.span
    return str(diagnostic.file), span.line, span.column, -diagnostic.severity
