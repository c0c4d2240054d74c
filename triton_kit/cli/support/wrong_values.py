"""One wording for a value that an option does not take: what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

Convert = Callable[[Any, Any, Any], Any]


def explain_wrong_values(command: Any) -> None:
    """Let the parameters of a command that take a word of a closed set, or a number, refuse a value in our words."""
    for parameter in command.params:
        if hasattr(parameter.type, "choices") or parameter.type.name.startswith(("int", "float")):
            # The type of a number is one object for all parameters.
            parameter.type = copy(parameter.type)
            parameter.type.convert = _explained(parameter.type.convert)


def _explained(convert: Convert) -> Convert:
    def explained(value: Any, parameter: Any, context: Any) -> Any:
        try:
            return convert(value, parameter, context)
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            from triton_kit.errors import UsageError

            what, hint = _judgement(str(value), parameter)
            raise UsageError(f"{parameter.opts[0]} {str(value)!r} {what}", hint=hint) from None

    return explained


def _judgement(value: str, parameter: Any) -> tuple[str, str]:
    """What is wrong with the value, and what to do."""
    if (choices := getattr(parameter.type, "choices", None)) is not None:
        from triton_kit.suggestion import suggest

        # The choices of an enumeration are its members.
        names = [str(getattr(choice, "value", choice)) for choice in choices]
        return "is not a format" if parameter.opts[0] == "--format" else "is unknown", suggest(value, names)
    whole = parameter.type.name.startswith("int")
    what = "is not a whole number" if whole else "is not a number"
    least, most = getattr(parameter.type, "min", None), getattr(parameter.type, "max", None)
    if least is None:
        return what, "give a number"
    return (
        "is out of range" if _is_number(value, whole=whole) else what,
        f"give {least} or more" if most is None else f"give a number from {least} to {most}",
    )


def _is_number(text: str, *, whole: bool) -> bool:
    try:
        int(text) if whole else float(text)
    except ValueError:
        return False
    return True
