"""Rules about a model among the others that its server is told of: repositories, requests, installed backends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import nearest
from triton_kit.model import disk
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository


@rule(Severity.ERROR)
def duplicate_model(model: Model) -> Iterator[Problem]:
    """Two repositories of a server have a model of the same name.

    The server then drops it from all of them; with `--model-namespacing=true` each repository is a namespace of its own
    (core model_repository_manager.cc:Poll). Several repositories that are validated together count as those of one
    server.

    Server says:

        not unique across all model repositories

    Bad:

        max_batch_size: 0
        -- ../../second/m x FP32 [4] -> y FP32 [4]

    Good:

        -- tk validate --namespacing
        max_batch_size: 0
        -- ../../second/m x FP32 [4] -> y FP32 [4]
    """
    if model.options.namespacing:
        return
    for other in model.repository.holders(model.name)[1:]:
        there = other.model(model.name)
        place = Path(there.path if there else other.directory)
        yield Problem(
            message=f"another repository of the server has a model '{model.name}' too: {other.directory}",
            help="rename one of them, start the server with --model-namespacing=true, or validate one at a time",
            related=(Related(message="the other one", file=place),),
        )


@rule(Severity.ERROR, scope="repository")
def requested_model_missing(repository: Repository) -> Iterator[Problem]:
    """A model that the server is to load at its start is in none of its repositories.

    With explicit model control the server then ends (core model_repository_manager.cc:Poll).

    Server says:

        model not found in any model repository

    Bad:

        -- tk validate --model-control explicit --load-model n
        max_batch_size: 0

    Good:

        -- tk validate --model-control explicit --load-model m
        max_batch_size: 0
    """
    names = repository.options.load_models
    if not repository.options.explicit or "*" in names:
        return
    for name in names:
        if not repository.holders(name) and not repository.second:
            everywhere = [n for one in (repository, *repository.others) for n in one.names]
            yield Problem(
                message=f"the model '{name}' that is to be loaded is not in the repository",
                help=nearest(name, everywhere),
            )


@rule(Severity.ERROR)
def backend_not_installed(model: Model) -> Iterator[Problem]:
    """The server does not have the backend.

    Reported only where `--image-backends` lists them. A library `libtriton_<backend>.so` in the version's or
    the model's directory does as well (core backend_model.cc:GetBackendRuntimeLibraryName).

    Server says:

        unable to find backend library for backend

    Bad:

        -- tk validate --image-backends python
        backend: "onnxruntime"

    Good:

        -- tk validate --image-backends python,onnxruntime
        backend: "onnxruntime"
    """
    installed, backend = model.options.image_backends, model.backend
    if installed is None or not backend or backend in installed or not model.versions:
        return
    library = f"libtriton_{backend}.so"
    if library in model.entries or any(library in model.listing(model.version_folder(v)) for v in model.versions):
        return
    written = "backend" if model.config.backend else "platform" if model.config.platform else ""
    yield Problem(
        at=(written,) if written else (),
        message=f"the server has no backend '{backend}'",
        help=nearest(backend, installed) if installed else "install it there",
    )


@rule(Severity.WARNING)
def custom_config_missing(model: Model) -> Iterator[Problem]:
    """A model has configurations to choose from, and none of the name that the server is told.

    It takes config.pbtxt then, without a word (core model_repository_manager.cc:GetModelConfigFullPath).

    Bad:

        -- tk validate --config-name h100
        max_batch_size: 0
        -- configs/a100.pbtxt
        max_batch_size: 0

    Good:

        -- tk validate --config-name h100
        max_batch_size: 0
        -- configs/h100.pbtxt
        max_batch_size: 0
    """
    name = model.options.config_name
    if name and "configs" in model.directories and not model.config_name.startswith("configs/"):
        there = sorted(n.removesuffix(".pbtxt") for n in model.listing("configs") if n.endswith(".pbtxt"))
        yield Problem(
            message=f"configs/ has no {name}.pbtxt, so the server takes config.pbtxt",
            help=nearest(name, there) if there else f"write configs/{name}.pbtxt",
            file=Path(model.join("configs")),
        )


@rule(Severity.ERROR, about=("model_repository_agents",))
def checksum_mismatch(model: Model) -> Iterator[Problem]:
    """The checksum agent is given a sum that the file does not have.

    Its parameters are `MD5:<path below the model>` and the sum in hexadecimal digits; other algorithms are refused
    (core repo_agent.cc:TritonRepoAgentManager, and the checksum repository agent).

    Server says:

        Mismatched MD5 hash for file

    Bad:

        model_repository_agents { agents [ { name: "checksum"
          parameters { key: "MD5:labels.txt" value: "00000000000000000000000000000000" } } ] }
        -- labels.txt
        cat

    Good:

        model_repository_agents { agents [ { name: "checksum"
          parameters { key: "MD5:labels.txt" value: "54b8617eca0e54c7d3c8e6732c6b687a" } } ] }
        -- labels.txt
        cat
    """
    for i, agent in enumerate(model.config.model_repository_agents.agents):
        if agent.name != "checksum":
            continue
        for key, value in agent.parameters.items():
            at = ("model_repository_agents", "agents", i, "parameters", key)
            algorithm, _, name = key.partition(":")
            if algorithm != "MD5" or not name:
                yield Problem(at=at, key=True, message=f"'{key}' is not a checksum", help="write MD5:<file>")
                continue
            path = model.join(name)
            if disk.kind_of(path) != disk.FILE:
                yield Problem(at=at, message=f"the file '{name}' does not exist", help="put it into the model")
            elif (found := _md5(path)) not in (None, value):
                yield Problem(at=at, message=f"the file '{name}' has another MD5 sum: {found}", help=f"write {found}")


def _md5(path: str) -> str | None:
    """The MD5 sum of a file in hexadecimal digits, read a piece at a time; ``None`` where it cannot be read."""
    import hashlib

    digest = hashlib.md5(usedforsecurity=False)
    try:
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError:
        return None
    return digest.hexdigest()
