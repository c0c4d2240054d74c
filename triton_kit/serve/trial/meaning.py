"""What a server's words on a model mean, with all that tk knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from triton_kit.backends.table import BACKENDS
from triton_kit.runtime.log.events import read
from triton_kit.runtime.log.meaning import friendly
from triton_kit.runtime.log.messages import fill
from triton_kit.serve.findings import NEEDS_GPU
from triton_kit.serve.log import table_with_rules
from triton_kit.serve.trial.verdict import ServerFacts, State, Verdict

_NO_BACKEND = re.compile(r"unable to find (?:backend library for backend '([^']+)'|'libtriton_([^']+)\.so')")
_WRAPPED = re.compile(r"^(?:load failed for model '[^']*': )?(?:version \d+ is at UNAVAILABLE state: )?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The cause and the remedy, as sentences, where they are known, and the rule that finds it beforehand."""

    cause: str | None = None
    help: str | None = None
    rule: str | None = None


def meaning_of(verdict: Verdict) -> Meaning:
    """The closest known cause in what was said of the model, its reason first."""
    for text in _texts(verdict):
        found = table_with_rules().find(text)
        if found is None:
            continue
        known, parts = found
        parts.setdefault("model", verdict.model)
        if known.kind in ("error", "symptom"):
            return Meaning(cause=fill(known.cause, parts), help=fill(known.help, parts), rule=known.rule)
    return Meaning()


def _texts(verdict: Verdict) -> Iterator[str]:
    yield verdict.reason
    for line in verdict.log:
        entry = read(line)
        if entry.level != "I":
            yield entry.text


def words(reason: str) -> str:
    """The first line of what the server said, without what is around it in every such message."""
    said = friendly(_WRAPPED.sub("", reason.strip())).strip().partition("\n")[0].rstrip(";").strip()
    return said.removeprefix(
        "InvalidModel: "
    )  # as the embedded server's ONNX backend has it before the real one's words


def whole_text(verdict: Verdict) -> str:
    """All that was said of the model, its reason first."""
    return "\n".join((verdict.reason, *verdict.log))


def unjudged(verdict: Verdict, meaning: Meaning, server: ServerFacts, gpus: int | None) -> str | None:
    """What this machine or server lacks, so that the verdict says nothing about the model; ``None`` where it does.

    ``gpus`` is how many the user says that there are.
    """
    if verdict.state is State.UNJUDGED:
        return verdict.reason
    if verdict.state is not State.REFUSED:
        return None
    text = whole_text(verdict)
    lacks = _NO_BACKEND.search(text)
    if server.embedded and lacks and (lacks[1] or lacks[2]) in BACKENDS:
        return f"the embedded server has no backend {lacks[1] or lacks[2]}"
    if server.gpus == 0 and gpus != 0 and meaning.rule in NEEDS_GPU:
        return "there is no GPU where the server ran"
    return None
