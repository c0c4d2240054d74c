"""Rules about models that answer a request with any number of responses."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.backends.facts import facts
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model


@rule(Severity.WARNING, about=("model_transaction_policy",))
def decoupled_without_support(model: Model) -> Iterator[Problem]:
    """A model is decoupled whose backend sends one response for each request.

    Nothing checks it at load; clients must then use streaming gRPC all the same (server grpc/infer_handler.cc,
    http_server.cc).

    Server says:

        doesn't support models with decoupled transaction policy

    Bad:

        backend: "onnxruntime"
        model_transaction_policy { decoupled: true }

    Good:

        backend: "python"
        model_transaction_policy { decoupled: true }
    """
    if model.config.model_transaction_policy.decoupled:
        if facts(model.backend).responses == "one":
            yield Problem(
                at=("model_transaction_policy", "decoupled"),
                message=f"the backend '{model.backend}' answers once, and clients must use streaming nevertheless",
                help="leave it out",
            )
        elif model.config.dynamic_batching.preserve_ordering:
            yield Problem(
                at=("dynamic_batching", "preserve_ordering"),
                message="the order of decoupled responses is not preserved",
                help="leave it out",
            )
