"""What a report about tk needs, as one file: configurations, signatures, both verdicts, and nothing else."""

from __future__ import annotations

import io
import json
import os
import platform
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from triton_kit.backends.table import BACKENDS
from triton_kit.errors import UsageError
from triton_kit.files.write import replace_bytes
from triton_kit.linter.diagnostic import Report
from triton_kit.linter.report.json import content
from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.model.server_options import ServerOptions
from triton_kit.repository.tensor import TensorSpec
from triton_kit.serve.trial.findings import Judged
from triton_kit.serve.trial.masking import Masking, home, secrets_of
from triton_kit.serve.trial.verdict import Outcome
from triton_kit.signature.errors import ModelFileError
from triton_kit.version import __version__

READ_ME = """\
What tk validate --load --bundle wrote, for a report about tk: what tk and a real server say of these models.

report.json                 the server, its options, both verdicts, the findings
models/NAME/config.pbtxt    the configuration as it is written
models/NAME/completed.json  the configuration as the server completed it, where it loaded the model
models/NAME/signature.json  the inputs and outputs that tk reads in each version's model file
models/NAME/files.txt       the names and sizes of the model's files
models/NAME/log.txt         the server's log as it loaded the model

No weights, no code, no labels. Values of parameters and variables whose names tell that they are secret, and what looks
like a key or a password, are replaced by ***. Look through it before you send it.
"""


def check_place(path: Path) -> None:
    """Raise UsageError for a place that cannot become a bundle: no file is overwritten. A device is written to."""
    if path.is_dir() or path.is_file() or path.is_symlink():
        raise UsageError(f"{path} exists", hint="give the bundle another name, or move that away")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is not a directory", hint="make it, or write the bundle elsewhere")


def write_bundle(
    path: Path, report: Report, results: Sequence[tuple[Outcome, Sequence[Judged]]], options: ServerOptions
) -> None:
    """Write the bundle in one step. Raises TkError where it cannot be written."""
    replace_bytes(path, packed(dict(bundle_files(report, results, options))))


def packed(files: Mapping[str, str]) -> bytes:
    """The files as a zip, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            entry = zipfile.ZipInfo(name.encode("utf-8", "backslashreplace").decode(), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text.encode("utf-8", "backslashreplace"))
    return buffer.getvalue()


def bundle_files(
    report: Report, results: Sequence[tuple[Outcome, Sequence[Judged]]], options: ServerOptions
) -> Iterator[tuple[str, str]]:
    """The files of a bundle, each with its text, secrets masked."""
    models: list[dict[str, object]] = []
    masks: list[Masking] = []
    for number, (outcome, judged) in enumerate(results, start=1):
        repository = Repository(outcome.repository, options)
        found = {one.verdict.model: repository.model(one.verdict.model) for one in judged}
        mask = _masking(outcome, [model for model in found.values() if model is not None])
        masks.append(mask)
        folder = "models" if len(results) == 1 else f"models-{number}"
        for one in judged:
            name = mask.text(one.verdict.model)
            models.append(_verdict(one, mask, f"{folder}/{name}"))
            if (model := found[one.verdict.model]) is not None:
                yield from _of_model(model, one, mask, f"{folder}/{name}")
    yield "README.txt", READ_ME
    yield "report.json", _json(_summary(report, results, options, models, masks))


def _of_model(model: Model, judged: Judged, mask: Masking, folder: str) -> Iterator[tuple[str, str]]:
    if (text := _config_text(model)) is not None:
        yield f"{folder}/config.pbtxt", mask.text(text)
    if judged.verdict.config is not None:
        yield f"{folder}/completed.json", _json(mask.value(judged.verdict.config))
    yield f"{folder}/signature.json", _json(mask.value(dict(_signatures(model))))
    yield f"{folder}/files.txt", mask.text("".join(f"{line}\n" for line in _listing(Path(model.directory))))
    yield f"{folder}/log.txt", mask.text("".join(f"{line}\n" for line in judged.verdict.log))


def _verdict(judged: Judged, mask: Masking, folder: str) -> dict[str, object]:
    verdict = judged.verdict
    return {
        "name": mask.text(verdict.model),
        "folder": folder,
        "state": judged.state.value,
        "reason": mask.text(verdict.reason or judged.reason),
        "differs": judged.differs,
        "seconds": round(verdict.seconds, 3),
    }


def _summary(
    report: Report,
    results: Sequence[tuple[Outcome, Sequence[Judged]]],
    options: ServerOptions,
    models: list[dict[str, object]],
    masks: Sequence[Masking],
) -> Mapping[str, object]:
    said: object = content(report)
    for mask in masks:
        said = mask.value(said)
    server = results[0][0].server if results else None
    return {
        "version": 1,
        "tk": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "server": server and {
            "description": server.description,
            "version": server.version,
            "release": server.release,
            "gpus": server.gpus,
        },
        "options": {
            **options._asdict(),
            "release": "{}.{:02}".format(*options.release),
            "image_backends": options.image_backends and sorted(options.image_backends),
        },
        "models": models,
        "validate": said,
    }  # fmt: skip


def _masking(outcome: Outcome, models: Sequence[Model]) -> Masking:
    secrets = [*outcome.server.secrets]
    for model in models:
        secrets += secrets_of(_config_text(model) or "")
    places = {str(outcome.repository.absolute()): "REPOSITORY", str(outcome.repository.resolve()): "REPOSITORY"}
    return Masking(secrets, {**places, home(): "~"})


def _config_text(model: Model) -> str | None:
    try:
        return disk.read_bytes(str(model.at_file)).decode("utf-8", "backslashreplace")
    except (OSError, Broken):
        return None


def _signatures(model: Model) -> Iterator[tuple[str, object]]:
    """What tk reads in the model file of each version, by its number; why not, where it cannot."""
    try:
        backend = BACKENDS[model.backend]
        versions = list(model.versions)
    except (Broken, KeyError):
        return
    for version in versions:
        try:
            signature = backend.read(Path(model.model_file(version)))
        except (Broken, ModelFileError, OSError) as error:
            yield str(version), str(error)
            continue
        sides = {} if signature is None else {"inputs": signature.inputs, "outputs": signature.outputs}
        yield str(version), {side: [_tensor(tensor) for tensor in tensors] for side, tensors in sides.items()}


def _tensor(tensor: TensorSpec) -> dict[str, object]:
    return {"name": tensor.name, "type": tensor.dtype, "shape": [str(size) for size in tensor.shape or ()]}


def _listing(folder: Path) -> Iterator[str]:
    for where, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(where, name)
            try:
                size = path.lstat().st_size
            except OSError:
                continue
            yield f"{size:>14,}  {path.relative_to(folder).as_posix()}{' (link)' if path.is_symlink() else ''}"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"
