"""``tk test``: golden cases of a model, on a running server or on one that is started for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Release, Repository, Seed, Shapes, format_option
from triton_kit.cli.support.runtime_options import LoadTimeout, TrialOptions
from triton_kit.cli.support.server_options import ModelVersion, OptionalServerOptions
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.client import Client
    from triton_kit.client.request import InferRequest
    from triton_kit.versions.golden_run import CaseResult
    from triton_kit.versions.model_folder import ModelFolder


def test(
    models: Annotated[
        list[str] | None, Argument(metavar="[MODEL]...", help="Names or directories; all that have cases.")
    ] = None,
    record: Annotated[bool, Option("--record", help="Write cases from what the server answers now.")] = False,
    random: Annotated[int, Option(min=0, metavar="N", help="Record that many cases of random inputs.")] = 0,
    inputs: Annotated[
        list[str] | None, Option("--input", metavar="NAME=VALUE", help="Record a case of these inputs.")
    ] = None,
    data: Annotated[
        Path | None, Option(metavar="FILE", help="Record a case of each request in a .json or .npz file.")
    ] = None,
    batch: Annotated[int | None, Option(min=1, metavar="N", help="The batch of the cases that are recorded.")] = None,
    shapes: Shapes = None,
    seed: Seed = 0,
    model_version: ModelVersion = "",
    *,
    server: OptionalServerOptions,
    trial: TrialOptions,
    release: Release = None,
    timeout: LoadTimeout = 120.0,
    repository: Repository = None,
    format_: Annotated[Literal["text", "json", "junit"], format_option()] = "text",
) -> int:
    """Ask a model what its golden cases ask, and compare the answers.

    A case is a file in MODEL/tests: inputs, expected outputs, tolerances. Without --url or --server a server is
    started that loads the models under test. Ends with 1 when an answer is another one.
    """
    from triton_kit.client.request import InferRequest
    from triton_kit.versions.golden_run import cases_of, run_cases

    _check_recording(record, random=random, input=inputs, data=data, shape=shapes, batch=batch)
    folders = _model_folders(models or (), repository)
    if (record or model_version) and len(folders) != 1:
        option = "--record" if record else "--model-version"
        raise UsageError(f"{option} is for one model, and there are {len(folders)}", hint="name one model")
    files = {} if record else cases_of([folder.path for folder in folders])
    chosen = [folder for folder in folders if record or folder.name in files]
    with ExitStack() as stack:
        client = stack.enter_context(
            server.connect(timeout=60.0)
            if server.named
            else _started(stack, chosen, model_version, trial, release, timeout)
        )
        if record:
            base = InferRequest(
                model=chosen[0].name,
                version=model_version,
                inline=inputs or (),
                fill="random" if random else "",
                data=data,
                seed=seed,
                batch=batch,
                shapes=shapes or (),
                values=True,
            )
            return _record(client, chosen[0], base, random, format_)
        outcomes = [
            one for folder in chosen for one in run_cases(client, folder.name, model_version, files[folder.name])
        ]
    return _show(outcomes, format_)


def _check_recording(record: bool, **asked: object) -> None:
    """Raise UsageError where there is something to record and no --record, or the other way round."""
    given = [option for option, value in asked.items() if value]
    if not record and given:
        raise UsageError(f"--{given[0]} is for recording", hint="add --record")
    if record and not {"random", "input", "data"}.intersection(given):
        raise UsageError("--record needs inputs", hint="add --random N, --input NAME=VALUE or --data FILE")


def _model_folders(models: Sequence[str], repository: Path | None) -> list[ModelFolder]:
    """The models that are named, or all of the repository."""
    from triton_kit.model.repository import Repository
    from triton_kit.project import context
    from triton_kit.versions.model_folder import find_model_folder

    here = context.find_context()
    names = list(dict.fromkeys(models)) or list(Repository(context.find_repository(here, repository)).models)
    root = repository if models else context.find_repository(here, repository)
    return [find_model_folder(here, name, root) for name in names]


def _started(
    stack: ExitStack,
    folders: Sequence[ModelFolder],
    version: str,
    options: TrialOptions,
    release: str | None,
    timeout: float,
) -> AbstractContextManager[Client]:
    """A server for the models, of their repository or of a staged one that serves that version."""
    from triton_kit.cli.support.serve_settings import trial_request
    from triton_kit.versions.model_folder import read_number
    from triton_kit.versions.trial_server import Trial, trial_server, with_version

    roots = {folder.repository.resolve() for folder in folders}
    if len(roots) != 1:
        raise UsageError(f"the models are in {len(roots)} repositories", hint="test those of one at a time")
    root = folders[0].repository
    if version:
        root = stack.enter_context(with_version(folders[0], read_number(version)))
    trial = Trial(request=trial_request(options, release), timeout=timeout)
    names = [folder.name for folder in folders]
    terminal.say(f"starting a server for {', '.join(names)}")
    return trial_server(trial, root, names)


def _record(client: Client, folder: ModelFolder, base: InferRequest, random: int, format_: str) -> int:
    from triton_kit.cli.support.refusal import explained
    from triton_kit.client import ServerError
    from triton_kit.versions.recorder import plan_cases, record

    try:
        asked = plan_cases(client, base, folder.path, random=random)
        for note in asked[0][1].notes:
            terminal.say(note)
        written, unsteady = record(client, folder.path, asked)
    except ServerError as error:
        raise explained(error) from None
    if format_ == "json":
        terminal.out_json({"recorded": [str(path) for path in written], "unsteady": unsteady})
    else:
        for path in written:
            terminal.out(f"{path} is recorded")
    if unsteady:
        terminal.warn(
            f"{', '.join(unsteady)} changed when the same was asked again",
            hint="give it wider tolerances in the cases, or leave it out with partial: true",
        )
    return 0


def _show(outcomes: Sequence[CaseResult], format_: str) -> int:
    """Print what came of the cases: 1 where one failed."""
    from triton_kit.versions.golden_report import as_json, format_junit
    from triton_kit.versions.golden_run import messages

    failed = sum(not one.passed for one in outcomes)
    if format_ == "json":
        terminal.out_json(as_json(outcomes))
    elif format_ == "junit":
        terminal.out(format_junit(outcomes).rstrip("\n"))
    else:
        for one in outcomes:
            mark = terminal.style("passed", "green") if one.passed else terminal.style("failed", "red")
            terminal.out(f"{mark}  {one.model} {one.version}  {one.case}")
            for message in messages(one):
                terminal.out(f"        {message}")
        passed = len(outcomes) - failed
        terminal.out(f"{passed} passed" + (f", {failed} failed" if failed else ""))
    return 1 if failed else 0
