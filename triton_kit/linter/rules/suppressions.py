"""Rules about the comments that silence rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import load_rules, rule
from triton_kit.linter.suppress import Unused
from triton_kit.linter.wording import nearest


@rule(Severity.NOTE, scope="suppressions")
def unused_suppression(unused: Iterable[Unused]) -> Iterator[Problem]:
    """A comment silences a rule that has nothing to say there, or names it as it was once called.

    What it was for is fixed, or it is on the wrong line: the comment counts for its own line, and on a line of its
    own for the next.

    Bad:

        max_batch_size: 8  # tk: ignore[negative-max-batch-size]

    Good:

        max_batch_size: -1  # tk: ignore[negative-max-batch-size]
    """
    for one in unused:
        if one.now is not None:
            yield Problem(
                message=f"{one.rule} is now called {one.now}", help=f"write {one.now} in the comment", span=one.span
            )
        elif one.known:
            yield Problem(
                message=f"{one.rule} has nothing to say here", help="remove it from the comment", span=one.span
            )
        else:
            from triton_kit.linter.load_findings import PAGES

            known = [*load_rules(), *PAGES]
            yield Problem(message=f"{one.rule} is not a rule", help=nearest(one.rule, known), span=one.span)
