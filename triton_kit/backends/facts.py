"""What backends do, as far as a configuration depends on it: one value for each, read from the backend's own module.

No other backend is imported, so that asking about one costs no more than that one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

from triton_kit.repository.release_name import NEWEST, before

if TYPE_CHECKING:
    from triton_kit.backends.types import Completer


class Facts(NamedTuple):
    """What a backend does; the defaults are what holds for a backend that is not known.

    ``completes`` says where the inputs and outputs that a configuration lacks come from: ``signature`` from the model
    file, as the backend's ``complete`` tells; ``code`` from the model's own code; ``nothing`` from nowhere; ``server``
    from what only a running server tells. ``completes_parts`` says that single attributes of a listed tensor are
    filled in as well, ``completes_decoupled`` that the model is made decoupled. ``needs_tensors`` is false where a user
    writes none, since the backend brings them. ``steps`` says that a model is steps over other models and has no file,
    ``library`` that it brings the backend's library.

    ``responses`` says how many responses a request gets. ``states`` says that the backend keeps implicit states of
    sequences, ``batch_io`` that it evaluates batch inputs, batch outputs and ragged batches, ``accelerators`` that it
    reads ``execution_accelerators``, ``graph_level`` and ``operator_libraries`` that it reads those settings; ``None``
    is not known. ``cuda`` says that it reads ``optimization.cuda`` and the priority. ``optional_inputs``,
    ``batch_checked`` and ``dims_checked`` tell whether optional inputs are taken, whether a batch of more than
    ``max_batch_size`` is refused, and whether dims are compared with the model at load. ``types`` are the data types
    that it takes, ``None`` for all; ``integers`` and ``booleans`` are the parameters that it reads as such.

    ``kinds`` are the kinds of instances that it runs, the usual one first, empty for all; ``default_kind`` is the kind
    of the group that is added where none is written, and ``cpu_count`` how many instances a group without a count has
    on CPUs. ``opens_file`` says that it opens the file that ``default_model_filename`` names in a version directory,
    and ``file_in_directory`` which file it opens where that is a directory. ``python_stub`` says that its models may
    run in a process with Python, ``python_runtime`` that an image has it as a ``model.py``, ``environment`` that a
    model may bring a Python environment, ``shipped`` that an official image of some release or variant has it.
    ``since`` are the platforms, types and kinds that not every release has, with the first that has them.

    Sources: core model_config_utils.cc:SetDefaultInstanceCount and NormalizeInstanceGroup; backend backend_common.cc,
    backend_model.cc:ParseModelConfig and backend_model_instance.cc; the AutoComplete functions of each backend.
    """

    completes: Literal["signature", "code", "nothing", "server"] = "server"
    completes_parts: bool = False
    completes_decoupled: bool = False
    needs_tensors: bool = True
    steps: bool = False
    library: bool = False
    responses: Literal["one", "many"] | None = None
    states: bool | None = None
    batch_io: bool | None = None
    accelerators: bool | None = None
    graph_level: bool | None = None
    operator_libraries: bool | None = None
    cuda: bool = False
    optional_inputs: bool = True
    batch_checked: bool = False
    dims_checked: bool | None = None
    types: frozenset[str] | None = None
    integers: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    default_kind: str = "KIND_AUTO"
    cpu_count: int = 1
    opens_file: bool = False
    file_in_directory: str = ""
    python_stub: bool = True
    python_runtime: bool = False
    environment: bool = False
    shipped: bool = False
    since: tuple[tuple[str, str], ...] = ()

    @property
    def is_code(self) -> bool:
        """Whether a model is code that a user writes, which may call other models and keep what it likes."""
        return self.completes == "code"

    def in_release(self, names: Iterable[str], release: str) -> tuple[str, ...]:
        """Those of the names that the backend of a release knows."""
        since = dict(self.since)
        return tuple(name for name in names if name not in since or not before(release, since[name]))


UNKNOWN = Facts()
"""What is said of a backend that tk has no module for."""


@cache
def facts(backend: str) -> Facts:
    """The facts of the backend that goes by that name in ``backend:``; UNKNOWN for one that is not among BACKENDS."""
    if not backend.isidentifier():
        return UNKNOWN
    try:
        module = import_module(f"triton_kit.backends.{backend}")
    except ModuleNotFoundError:
        return UNKNOWN
    found: Facts = getattr(module, "facts", UNKNOWN)
    return found if isinstance(found, Facts) else UNKNOWN


@cache
def platforms(backend: str, release: str = NEWEST) -> tuple[str, ...]:
    """The values of ``platform:`` that go with a backend in a release, sorted; none where any does.

    (core model_config_utils.cc:GetBackendTypeFromPlatform.) An ensemble is none of a server's backends.
    """
    found = facts(backend)
    if found is UNKNOWN or found.steps:
        return ()
    return tuple(sorted(found.in_release(import_module(f"triton_kit.backends.{backend}").platforms, release)))


def completer(backend: str) -> Completer:
    """The backend of that name, whose facts say that it completes a configuration out of the model's signature."""
    found: Completer = import_module(f"triton_kit.backends.{backend}")
    return found
