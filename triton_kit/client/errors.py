"""What can go wrong in talking to a server: no answer at all, or an answer that is an error."""

from __future__ import annotations

from triton_kit.errors import TkError


class NoAnswer(TkError):
    """Nobody answered, or not in a language that is spoken here (exit code 3)."""

    @classmethod
    def timed_out(cls, address: str, seconds: float) -> NoAnswer:
        """The server took longer than was asked for, in seconds."""
        return cls(
            f"{address} did not answer within {seconds:g} s", hint="look at the server's log, or raise --timeout"
        )


class ServerError(TkError):
    """The server answered with an error: ``message`` is the server's own text (exit code 1).

    ``status`` is an HTTP status such as ``400`` or a gRPC one such as ``INVALID_ARGUMENT``.
    """

    exit_code = 1

    def __init__(self, message: str, *, status: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
