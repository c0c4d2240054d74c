"""What a rule is: a generator of problems with a name, a severity and a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from triton_kit.linter.diagnostic import Problem, Severity

if TYPE_CHECKING:
    from triton_kit.linter.checked import CheckedModel

Check = Callable[[Any], Iterator[Problem]]
"""A rule's function: takes the checked model or, in the scope ``repository``, the checked repository."""

ModelCheck = Callable[["CheckedModel"], Iterator[Problem]]

MODULES = (
    "parsing",
    "layout",
    "configfile",
    "server",
    "versions",
    "backend",
    "modelfile",
    "tensors",
    "reshape",
    "labels",
    "batchio",
    "batching",
    "sequences",
    "states",
    "instances",
    "ratelimits",
    "optimization",
    "accelerators",
    "cudagraphs",
    "metrics",
    "parameters",
    "python",
    "pythoncompletion",
    "pythontensors",
    "onnxfile",
    "onnxio",
    "onnxdims",
    "pytorch",
    "pytorchother",
    "torchscript",
    "tensorflow",
    "savedmodel",
    "openvino",
    "tensorrt",
    "forests",
    "dali",
    "generative",
    "warmup",
    "ensembles",
    "ensembleflow",
    "ensemblesteps",
    "ensembletensors",
    "ensembledecoupled",
    "texts",
    "unheeded",
    "idle",
    "suppressions",
)
"""The modules of ``triton_kit.linter.rules``, in the order in which the server would come to their checks."""


class Rule(NamedTuple):
    """One thing that can be wrong.

    ``name`` is the function's with hyphens; ``doc`` its page: a headline, why (with the source upstream), and the
    blocks ``Bad:`` and ``Good:``. ``since`` and ``until`` bound the releases that behave so (``until`` exclusive).
    ``area`` is the module; ``scope`` says whether the check takes a model, the repository, or the
    ``suppressions`` that silence nothing. ``about`` are fields of
    the configuration: where none of them is written, the rule has nothing to say and is not asked.
    """

    name: str
    severity: Severity
    check: Check
    area: str
    scope: str
    since: tuple[int, int] | None
    until: tuple[int, int] | None
    about: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """The rule's page, as written in its docstring."""
        return self.check.__doc__ or ""

    def applies(self, release: tuple[int, int]) -> bool:
        """Whether servers of that release behave as the rule says."""
        return (self.since is None or release >= self.since) and (self.until is None or release < self.until)


RULES: dict[str, Rule] = {}
"""Every rule by name; filled by ``load_rules``."""


def rule(
    severity: Severity, *, since: str | None = None, until: str | None = None, scope: str = "model"
) -> Callable[[Check], Check]:
    """Register a generator function as a rule; its name with hyphens is the rule's name everywhere.

    The constant ``ABOUT`` of its module gives the fields that its rules are about.
    """

    def register(check: Check) -> Check:
        name = check.__name__.replace("_", "-")
        assert name not in RULES, f"two rules of the name {name}"
        RULES[name] = Rule(
            name=name,
            severity=severity,
            check=check,
            area=check.__module__.rpartition(".")[2],
            scope=scope,
            since=parse_release(since) if since else None,
            until=parse_release(until) if until else None,
            about=check.__globals__.get("ABOUT", ()),
        )
        return check

    return register


def parse_release(text: str) -> tuple[int, int]:
    """A container release such as ``24.10`` as a pair that compares; raises ValueError for other text."""
    year, dot, month = text.partition(".")
    if not (dot and len(year) == len(month) == 2 and text.replace(".", "").isdecimal() and 1 <= int(month) <= 12):
        raise ValueError(f"{text!r} is no release")
    return int(year), int(month)


def load_rules() -> dict[str, Rule]:
    """All rules; the first call imports their modules."""
    if not RULES:
        from importlib import import_module

        for module in MODULES:
            import_module(f"triton_kit.linter.rules.{module}")
    return RULES
