"""Who says which models are loaded: the server by itself, or tk, which then can load them again."""

from __future__ import annotations

from collections.abc import Sequence

from triton_kit.errors import UsageError
from triton_kit.repository.release import flag_value
from triton_kit.runtime.gpu.cpu_only import Division

CONTROLS = ("none", "explicit")


def model_control(given: Sequence[str], *, option: str, needs: str | None = None) -> str:
    """The model control mode: of ``--model-control``, of the user's own flags, or explicit for what ``needs`` it.

    ``needs`` is the option of tk that loads models itself. Raises UsageError where two of them contradict each other.
    """
    theirs = flag_value(given, "model-control-mode")
    if theirs is not None and option not in ("none", theirs):
        raise UsageError(
            f"--model-control {option} and --model-control-mode={theirs} exclude each other",
            hint="leave one of them out",
        )
    if needs is None:
        return theirs or option
    if theirs not in (None, "explicit"):
        raise UsageError(f"{needs} needs explicit model control, not {theirs}", hint="leave out --model-control-mode")
    if flag_value(given, "load-model") is not None:
        raise UsageError(f"{needs} loads every model: --load-model does not go with it", hint="leave one of them out")
    return "explicit"


def control_flags(
    control: str, given: Sequence[str], *, needs: str | None = None, division: Division | None = None
) -> tuple[str, ...]:
    """How tritonserver is told of explicit control, and to load all models, unless the user's own flags do.

    Of a ``division`` it loads at its start what it can.
    """
    theirs = flag_value(given, "model-control-mode") is not None
    if control != "explicit" or (theirs and needs is None):
        return ()
    mode = () if theirs else ("--model-control-mode=explicit",)
    if division is not None and division.deferred:
        return (*mode, *(f"--load-model={name}" for name in division.at_once))
    return mode if flag_value(given, "load-model") is not None else (*mode, "--load-model=*")
