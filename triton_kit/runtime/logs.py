"""What a server's log line means: the cause of a failure, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from triton_kit.runtime.loading import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The cause behind a log line, the model that it is about where it says so, and what to do."""

    cause: str
    help: str
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A text that Triton writes, and what it means; named groups of the pattern fill the braces of both sentences."""

    pattern: str
    cause: str
    help: str


# The texts are those of core (model_repository_manager.cc, model_config_utils.cc, backend_manager.cc), of the backends,
# and of the python backend's stub; each cause was reported by users in the threads of triton-inference-server.
KNOWN: tuple[Known, ...] = (
    Known(
        pattern=r"Could not determine backend for model '(?P<model>[^']*)'",
        cause="{model} has no model file that tells its backend",
        help="name the file model.onnx, model.plan, model.pt or model.py in {model}/1, write backend, or move the "
        "directory out of the repository if it is no model",
    ),
    Known(
        pattern=r"Expected integer, got: \$",
        cause="a placeholder of the form ${{...}} was left in config.pbtxt",
        help="fill the template in before it is served",
    ),
    Known(
        pattern=r"failed to read text proto from (?P<file>\S+)",
        cause="{file} is not valid text format",
        help="run tk validate on it: it shows line and column",
    ),
    Known(
        pattern=r"unexpected platform type '?(?P<platform>[^' ]*)'? for '?(?P<model>[^' ]+)",
        cause="{platform!r} is no platform",
        help="write backends such as python or onnxruntime as backend, not platform",
    ),
    Known(
        pattern=r"unable to find (?:backend library for backend )?'(?P<backend>[^']+?)'(?:,|$| for)",
        cause="the server has no backend {backend}",
        help="take an image that has it, or correct the name",
    ),
    Known(
        pattern=r"at least one version must be available under the version policy of model '(?P<model>[^']+)'",
        cause="{model} has no version that its version policy takes",
        help="make a directory 1 in it (an ensemble needs an empty one too)",
    ),
    Known(
        pattern=r"contains models that are not available or ambiguous: (?P<member>\S+)",
        cause="a member of the ensemble did not load: {member}",
        help="look at that model's own reason first",
    ),
    Known(
        pattern=r"the model expects (?P<n>\d+) dimensions .* but the model configuration specifies (?P<m>\d+)",
        cause="the configuration gives another number of dimensions than the model file has",
        help="leave the batch dimension out of dims when max_batch_size is over 0, and write it when it is 0",
    ),
    Known(
        pattern=r"for the model to support batching the shape should have at least 1 dimension",
        cause="the model file has a fixed batch, and max_batch_size is over 0",
        help="export it with a dynamic first axis, or set max_batch_size: 0",
    ),
    Known(
        pattern=r"the model expects .* but the model configuration specifies",
        cause="shapes in config.pbtxt and in the model file disagree",
        help="copy the shape that the server names, with -1 where it says -1",
    ),
    Known(
        pattern=r"model does not support batching while non-zero max_batch_size",
        cause="max_batch_size is over what the model file allows",
        help="set max_batch_size: 0, or export the model with a dynamic batch",
    ),
    Known(
        pattern=r"unexpected inference (?P<what>input|output) '(?P<name>[^']+)'.*?allowed \w+ are: (?P<names>.*)",
        cause="the model has no {what} {name!r}",
        help="take one of {names}",
    ),
    Known(
        pattern=r"configuration expects (?P<n>\d+) (?P<what>inputs|outputs), model provides (?P<m>\d+)",
        cause="config.pbtxt lists {n} {what}, and the model has {m}",
        help="list each of the model's {what} once",
    ),
    Known(
        pattern=r"Unsupported ONNX Type '?ONNX_TYPE_SEQUENCE",
        cause="the model has an output that is a sequence, as scikit-learn's ZipMap makes",
        help="export it with zipmap disabled",
    ),
    Known(
        pattern=r"configuration expects datatype (?P<a>\w+)[^,]*, model provides (?P<b>\w+)",
        cause="config.pbtxt says {a}, and the model has {b}",
        help="write {b}",
    ),
    Known(
        pattern=r"failed to stat file (?P<file>\S+)",
        cause="{file} is missing for the server",
        help="put it there, or set default_model_filename; a symbolic link out of the repository leads nowhere in a "
        "container",
    ),
    Known(
        pattern=r"(?:instance group .* )?has kind KIND_GPU but (?:no GPUs are available|server does not support GPUs)",
        cause="the model wants a GPU, and the server has none",
        help="serve with --gpus all, or use KIND_CPU or KIND_AUTO",
    ),
    Known(
        pattern=r"unable to load plan file|engine plan file is not compatible|[Vv]ersion tag does not match",
        cause="the TensorRT engine was built with another TensorRT release, or for another GPU",
        help="build it in the TensorRT container of the same release, on this GPU",
    ),
    Known(
        pattern=r"ModuleNotFoundError: No module named '(?P<module>[^']+)'",
        cause="model.py imports {module}, which the server's Python lacks",
        help="install {module} where the server runs, or pack an environment (EXECUTION_ENV_PATH)",
    ),
    Known(
        pattern=r"No space left on device|Python stub.*shared memory|unable to create shared memory",
        cause="shared memory is used up",
        help="serve with a larger --shm-size, or fewer instances of Python models",
    ),
    Known(
        pattern=r"dynamic batching preferred size must be <= max batch size for (?P<model>\S+)",
        cause="a preferred batch is over max_batch_size",
        help="write max_batch_size, or lower preferred_batch_size",
    ),
    Known(
        pattern=r"built for NVIDIA Driver Release (?P<want>[\d.]+) or later, but version (?P<have>[\d.]+) was detected",
        cause="the NVIDIA driver {have} is older than this image wants, {want}",
        help="update the driver, or take an older --release",
    ),
    Known(
        pattern=r"Protobuf parsing failed|INVALID_PROTOBUF",
        cause="the ONNX file is no protobuf: cut off, or a git-lfs pointer",
        help="copy it again (git lfs pull)",
    ),
    Known(
        pattern=r"Unsupported model IR version: (?P<ir>\d+), max supported IR version: (?P<most>\d+)",
        cause="the ONNX file has IR version {ir}, and this server reads up to {most}",
        help="export it with an older onnx, or take a newer --release",
    ),
    Known(
        pattern=r"unrecognized option '(?P<flag>[^']+)'",
        cause="this tritonserver has no flag {flag}",
        help="leave it out, or take a release that has it",
    ),
)


def meaning(line: str) -> Meaning | None:
    """What a line of the log means, or ``None`` when it is not a known one."""
    text = read(line).text
    for known in KNOWN:
        if found := re.search(known.pattern, text):
            parts = {name: value or "" for name, value in found.groupdict().items()}
            return Meaning(
                cause=known.cause.format(**parts),
                help=known.help.format(**parts),
                model=parts.get("model") or None,
            )
    return None


def friendly(line: str) -> str:
    """The message of a log line alone: no time, thread, source place, status word, or C++ decoration."""
    entry = read(line)
    text = re.sub(r"\s*\([^()]*?/[\w./-]+\.(?:cc|cpp|h|hpp):\d+\)", "", entry.text)
    text = re.sub(
        r"^(?:Internal|Invalid argument|Unavailable|Not found|Unsupported): (?:Internal: )?", "", text.strip()
    )
    text = re.sub(r"\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    return re.sub(r"\s*\n\s*At:\n.*\Z", "", text, flags=re.DOTALL).strip()


def first_meaning(lines: Iterable[str]) -> Meaning | None:
    """The meaning of the first line that has a known one."""
    return next((found for line in lines if (found := meaning(line))), None)
