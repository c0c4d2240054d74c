"""A server of one's own for a trial: it loads the models that are asked for, answers to tk alone, and ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.client import Client, connect
from triton_kit.errors import ProblemsFound
from triton_kit.files.stage import stage
from triton_kit.files.write import explain_os_errors
from triton_kit.model.ensemble import reached_from
from triton_kit.model.repository import Repository
from triton_kit.project.check import mirror
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.runtime.log.meaning import friendly
from triton_kit.runtime.restricted_endpoints import opening_headers
from triton_kit.runtime.serve_plan import ServeRequest, plan_server
from triton_kit.runtime.session import running
from triton_kit.versions.config_edit import with_policy
from triton_kit.versions.model_folder import ModelFolder, require_versions
from triton_kit.versions.policy import specific
from triton_kit.versions.policy_change import read_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How the server runs; repository, ports and models are the trial's own. ``timeout`` is in seconds."""

    request: ServeRequest
    timeout: float = 120.0


@contextlib.contextmanager
def trial_server(trial: Trial, repository: Path, models: Sequence[str]) -> Iterator[Client]:
    """A client of a server that has these models loaded, and what their ensembles use; it ends with the block.

    Raises ProblemsFound where one of them does not load.
    """
    request = replace(
        trial.request,
        repository=repository,
        http_port=0,
        grpc_port=0,
        metrics_port=0,
        model_control="explicit",
        server_args=(*trial.request.server_args, *(f"--load-model={name}" for name in models)),
    )
    plan = plan_server(request, environment=os.environ)
    headers, metadata = opening_headers(plan.spec.server_args)
    with running(plan.runtime, plan.spec, models=models, timeout=trial.timeout) as (server, snapshot):
        for failed in snapshot.failed:
            raise ProblemsFound(
                f"{failed.name} {failed.version}".strip() + f" did not load: {friendly(failed.reason)}",
                hint=f"see tk validate {repository / failed.name}",
            )
        endpoints = server.endpoints
        with connect(endpoints.http, headers=headers, stream_url=endpoints.grpc, metadata=metadata) as client:
            yield client


@contextlib.contextmanager
def with_version(folder: ModelFolder, version: int) -> Iterator[Path]:
    """A repository with the model, serving that version alone, and what it uses; gone with the block.

    The files are hard links where that can be, so that a container sees them, too.
    """
    require_versions(folder, (version,))
    config = with_policy(read_config(folder), specific([version]), name=str(folder.config))
    with explain_os_errors(folder.path), stage(folder.repository) as root:
        staged = root / folder.name
        mirror(folder.path, staged)
        (staged / CONFIG_NAME).write_bytes(config.encode("utf-8", "surrogateescape"))
        for path in _members(folder):
            mirror(path, root / path.name)
            if (path / CONFIG_NAME).is_file():
                (root / path.name / CONFIG_NAME).write_bytes((path / CONFIG_NAME).read_bytes())
        yield root


def _members(folder: ModelFolder) -> list[Path]:
    """The folders of the models that an ensemble uses."""
    repository = Repository(str(folder.repository), folder.lint_options.server)
    model = repository.model(folder.name)
    found = reached_from(model).values() if model is not None else ()
    return [Path(member.path) for member in found if member.name != folder.name]
