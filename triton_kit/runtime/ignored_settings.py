"""What models ask for that has no effect on the server about to run, which says nothing of it.

The embedded ONNX backend (``onnxruntime_backend/``) runs ONNX Runtime on the CPU, without other providers; a response
cache is one of the whole server's, which ``--cache-config`` makes (core, server.cc, TritonCacheManager).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.model.server_flags import CACHES
from triton_kit.repository.release import flag_values
from triton_kit.runtime.embedded import ONNX_BACKEND
from triton_kit.runtime.types import Note

_PROVIDERS = frozenset(
    (
        "arena_extend_strategy",
        "cudnn_conv_algo_search",
        "cudnn_conv_use_max_workspace",
        "do_copy_in_default_stream",
        "enable_cuda_graph",
        "gpu_mem_limit",
        "memory.enable_memory_arena_shrinkage",
        "use_tf32",
    )
)
"""Parameters that the ONNX backend hands to a provider or an allocator (onnxruntime.cc), but not the embedded one."""

_SHOWN = 3
"""How many models one sentence names."""


def ignored_settings(
    repositories: Sequence[Repository], server_args: Sequence[str], *, embedded: bool
) -> tuple[Note, ...]:
    """A sentence for each kind of setting without effect, with the models that have it."""
    found: dict[tuple[str, str], list[str]] = {}
    cached = any(flag_values(server_args, name) for name in CACHES)
    for name, model in ((name, model) for one in repositories for name, model in one.models.items()):
        with contextlib.suppress(Broken):  # the server says what is wrong with it
            for kind in _of(model, cached=cached, embedded=embedded):
                found.setdefault(kind, []).append(name)
    return tuple((f"{_listed(models)}: {said}", hint) for (said, hint), models in found.items())


def _of(model: Model, *, cached: bool, embedded: bool) -> Iterator[tuple[str, str]]:
    if model.config.response_cache.enable and not cached:
        yield "response_cache has no effect, since the server has no cache", "add -- --cache-config=local,size=1048576"
    if not embedded or model.backend != ONNX_BACKEND:
        return
    accelerators = model.config.optimization.execution_accelerators
    asked = [*accelerators.gpu_execution_accelerator, *accelerators.cpu_execution_accelerator]
    if asked:
        names = ", ".join(dict.fromkeys(one.name for one in asked))
        yield f"the embedded server ignores the accelerator {names}", "take --runtime docker to have it"
    unheeded = sorted(_PROVIDERS.intersection(model.config.parameters))
    if unheeded:
        what = "parameter" if len(unheeded) == 1 else "parameters"
        yield f"the embedded server ignores the {what} {', '.join(unheeded)}", "take --runtime docker to have it heeded"


def _listed(models: Sequence[str]) -> str:
    more = f" and {len(models) - _SHOWN} more" if len(models) > _SHOWN else ""
    return ", ".join(models[:_SHOWN]) + more
