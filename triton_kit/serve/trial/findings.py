"""The verdict of a real server beside that of tk: what one of them says and not the other, and what both say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from triton_kit.linter.diagnostic import Diagnostic, Related, Report, Severity
from triton_kit.linter.load_findings import ACCEPTED, CRASHED, HUNG, PAGES, REFUSED, UNJUDGED
from triton_kit.linter.options import Options
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.repository.release_name import parse_release
from triton_kit.repository.text_format.source import START, Span
from triton_kit.runtime.config_override import written_config
from triton_kit.serve.trial.heard import heard, hides_findings
from triton_kit.serve.trial.meaning import Meaning, meaning_of, unjudged, whole_text, words
from triton_kit.serve.trial.on_cpu import depends_on_gpu
from triton_kit.serve.trial.place import Place, place_of, raised_in_model
from triton_kit.serve.trial.verdict import Outcome, State, Verdict
from triton_kit.value import replace

_OF_MACHINE = ("execution-environment", "unknown-backend")
"""Rules about what is on the server's machine, which tk validate is not told."""

_OF_SEVERAL = ("duplicate-model",)
"""Rules about several repositories, each of which is tried by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict as it is reported: ``differs`` where tk says otherwise and can be to blame."""

    verdict: Verdict
    state: State
    reason: str
    differs: bool = False


def compare(report: Report, outcome: Outcome, options: Options) -> tuple[Report, tuple[Judged, ...]]:
    """The report with what the server said, and the verdicts as they are reported.

    Where both refuse a model, the server's words are added to the finding; one mistake stays one message.
    """
    comparison = _Comparison(report, outcome, options)
    judged = tuple(comparison.judge(verdict) for verdict in outcome.verdicts)
    said, silenced = heard(comparison.diagnostics, comparison.repository, options)
    heard_of = {d.model for d in said if d.rule in PAGES} if not hides_findings(report, options) else set()
    judged = tuple(dataclasses.replace(one, differs=one.differs and one.verdict.model in heard_of) for one in judged)
    diagnostics = sorted(said, key=lambda d: (str(d.file), d.span.line, d.span.column, -d.severity))
    report = replace(
        report,
        diagnostics=tuple(diagnostics),
        models=tuple(dict.fromkeys((*report.models, *(v.model for v in outcome.verdicts)))),
        sources={**report.sources, **comparison.sources},
        suppressed=report.suppressed + len(silenced),
    )
    return report, judged


class _Comparison:
    """Takes the verdicts one after the other, and puts together what there is to say."""

    def __init__(self, report: Report, outcome: Outcome, options: Options) -> None:
        self.diagnostics = list(report.diagnostics)
        self.sources: dict[Path, str] = {}
        self._outcome = outcome
        self._options = options.server
        self.repository = Repository(outcome.repository, options.server)
        self._states: dict[str, State] = {}

    def judge(self, verdict: Verdict) -> Judged:
        """What is said of a model; those that it is made of come before it."""
        judged = self._judge(verdict)
        self._states[verdict.model] = judged.state
        return judged

    def _judge(self, verdict: Verdict) -> Judged:
        model = self.repository.model(verdict.model)
        if model is None:  # its directory is gone since
            return Judged(verdict=verdict, state=verdict.state, reason=words(verdict.reason))
        errors = [d for d in self.diagnostics if self._is_error_of(d, model)]
        if verdict.state is State.READY:
            return self._ready(verdict, model, errors)
        if verdict.member:
            return self._with_member(verdict, model, errors)
        meaning = meaning_of(verdict)
        lacks = unjudged(verdict, meaning, self._outcome.server, self._options.gpus)
        if lacks is None and depends_on_gpu(verdict, meaning.rule):
            lacks = "there is no GPU where the server ran, and on the CPU it does not load"
        if lacks is not None:
            return self._unjudged(verdict, model, lacks)
        return self._failed(verdict, model, meaning, errors)

    def _is_error_of(self, diagnostic: Diagnostic, model: Model) -> bool:
        if diagnostic.severity is not Severity.ERROR or diagnostic.model != model.name:
            return False
        return diagnostic.file.absolute().is_relative_to(Path(model.directory).absolute())

    def _ready(self, verdict: Verdict, model: Model, errors: list[Diagnostic]) -> Judged:
        errors = [d for d in errors if d.rule not in _OF_SEVERAL]
        if not errors:
            return Judged(verdict=verdict, state=State.READY, reason="")
        first, rules = errors[0], ", ".join(dict.fromkeys(d.rule for d in errors))
        message = f"{self._who()} loads {model.name} all the same, in spite of {rules}"
        self._add(ACCEPTED, Severity.WARNING, model, (first.file, first.span), message, self._other_release())
        return Judged(
            verdict=verdict, state=State.READY, reason="", differs=not (self._other_release() or verdict.on_cpu)
        )

    def _with_member(self, verdict: Verdict, model: Model, errors: list[Diagnostic]) -> Judged:
        """An ensemble that was not loaded, since a model of it was not."""
        unjudged = self._states.get(verdict.member) is State.UNJUDGED
        reason = f"its model {verdict.member} {'was not judged' if unjudged else 'does not load'}"
        if unjudged:
            self._add(UNJUDGED, Severity.NOTE, model, _step(model, verdict.member), f"not judged: {reason}")
        elif not errors:
            message = f"{self._who()} does not load {model.name}, since {reason}"
            self._add(REFUSED, Severity.ERROR, model, _step(model, verdict.member), message)
        return Judged(verdict=verdict, state=State.UNJUDGED if unjudged else State.REFUSED, reason=reason)

    def _unjudged(self, verdict: Verdict, model: Model, lacks: str) -> Judged:
        place = place_of(model, self._outcome.root, whole_text(verdict))
        remedy = None
        if self._outcome.server.embedded:
            remedy = "take a server that has it: --runtime docker"
        if "GPU" in lacks:
            remedy = "load it where there is one"
        self._add(UNJUDGED, Severity.NOTE, model, place, f"not judged: {lacks}", remedy)
        return Judged(verdict=verdict, state=State.UNJUDGED, reason=lacks)

    def _failed(self, verdict: Verdict, model: Model, meaning: Meaning, errors: list[Diagnostic]) -> Judged:
        said = words(verdict.reason) if verdict.state is State.REFUSED else _first(verdict.reason)
        text = whole_text(verdict)
        raised = raised_in_model(model, self._outcome.root, text)
        file, span = place_of(model, self._outcome.root, text)
        if raised:
            # The model's code fails at a line: only a finding about that line is the same mistake.
            errors = [d for d in errors if (d.file, d.span.line) == (file, span.line)]
        confirmed = self._confirmed(verdict, meaning, model, errors)
        if confirmed is not None:
            self._confirm(confirmed, verdict, said)
            return Judged(verdict=verdict, state=verdict.state, reason=said)
        rule, message = self._headline(verdict, meaning, said)
        related = tuple(Related(message=line) for line in _details(verdict, meaning, said, message))
        remedy = meaning.help
        if verdict.state is State.HUNG and remedy is None:
            remedy = "raise --timeout if it takes longer than that"
        self._add(rule, Severity.ERROR, model, (file, span), message, remedy, related)
        foreseeable = _is_foreseeable(verdict, meaning, model) and not raised
        differs = foreseeable and not errors and not self._other_release()
        return Judged(verdict=verdict, state=verdict.state, reason=said, differs=differs)

    def _confirmed(
        self, verdict: Verdict, meaning: Meaning, model: Model, errors: list[Diagnostic]
    ) -> Diagnostic | None:
        """The finding that the server's verdict bears out, if there is one: a warning becomes an error by that."""
        if verdict.state is not State.REFUSED:
            worse = {State.CRASHED: "kill", State.HUNG: "hang"}[verdict.state]
            return next((d for d in errors if worse in d.message), None)
        known = [d for d in self.diagnostics if d.rule == meaning.rule and d.model == model.name]
        return next(iter([*known, *errors]), None)

    def _headline(self, verdict: Verdict, meaning: Meaning, said: str) -> tuple[str, str]:
        who, name = self._who(), verdict.model
        if verdict.state is State.CRASHED:
            return CRASHED, f"{name} ends {who} as it loads, {said}"
        if verdict.state is State.HUNG:
            return HUNG, f"{name} is {said}: {who} waits for it"
        return REFUSED, f"{who} does not load {name}: {meaning.cause or said}"

    def _confirm(self, diagnostic: Diagnostic, verdict: Verdict, said: str) -> None:
        how = {State.CRASHED: "ended", State.HUNG: "waited"}.get(verdict.state, "refused it")
        note = Related(message=f"{self._who()} {how}: {said}", file=None)
        at = self.diagnostics.index(diagnostic)
        related = (*diagnostic.related, note)
        self.diagnostics[at] = replace(diagnostic, severity=Severity.ERROR, related=related)

    def _add(
        self,
        rule: str,
        severity: Severity,
        model: Model,
        place: Place,
        message: str,
        remedy: str | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        file, span = place
        self._remember(file)
        self.diagnostics.append(
            Diagnostic(
                rule=rule,
                severity=severity,
                model=model.name,
                file=file,
                span=span,
                message=message,
                help=remedy,
                related=related,
            )
        )

    def _remember(self, file: Path) -> None:
        if file.suffix in (".py", ".pbtxt"):
            try:
                self.sources[file] = file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                return

    def _who(self) -> str:
        return "the server"

    def _other_release(self) -> str | None:
        """What to mind where the server is of another release than tk judged for."""
        ran = self._outcome.server.release
        if ran is None or parse_release(ran) == self._options.release:
            return None
        judged = "{}.{:02}".format(*self._options.release)
        return f"mind that it is of release {ran}, and tk judged for {judged}"


def _is_foreseeable(verdict: Verdict, meaning: Meaning, model: Model) -> bool:
    """Whether tk could have known: a server that waits, and what a model's Python does, only running it shows."""
    if verdict.state is State.HUNG or meaning.rule in _OF_MACHINE or "failed to run warmup" in verdict.reason:
        return False
    try:
        runs_code = model.backend == "python"
    except Broken:
        runs_code = False
    return meaning.rule is not None or not runs_code


def _details(verdict: Verdict, meaning: Meaning, said: str, message: str) -> Iterator[str]:
    if verdict.on_cpu:
        yield "it was tried on the CPU, since the server has no GPU"
    if verdict.state is State.REFUSED:
        if meaning.cause is not None and said and said != meaning.cause:
            yield f"it says: {said}"
        return
    if meaning.cause is not None:
        yield meaning.cause
    yield from (f"it says: {line}" for line in verdict.reason.splitlines()[1:] if line not in message)


def _first(text: str) -> str:
    return text.strip().partition("\n")[0]


def _step(model: Model, member: str) -> Place:
    """The step of an ensemble that names a model, or one that is made of it."""
    config = written_config(model) or {}
    scheduling = config.get("ensemble_scheduling")
    steps = scheduling.get("step", []) if isinstance(scheduling, dict) else []
    span: Span = START
    try:
        for i, step in enumerate(steps):
            if step.get("model_name") == member or span is START:
                span = model.document.source.locate(("ensemble_scheduling", "step", i, "model_name"))
            if step.get("model_name") == member:
                break
    except Broken:
        span = START
    return Path(model.at_file), span
