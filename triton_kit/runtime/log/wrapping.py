"""What servers, clients and engines put around a message: who hands an error on puts a name or status before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

MOST = 16
"""Wrappings around one message that are taken off."""

LONGEST = 4096
"""Characters in which the wrappings are looked for."""

_STATUS = (
    r"(?:Internal|Invalid argument|Not found|Unavailable|Unsupported|Unknown|Already exists|Cancelled|INTERNAL)"
    r"(?: - |: )"
)
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,60}(?:Error|Exception|Exit|Interrupt|Failure): ")
_NEUTRAL = re.compile(
    r"(?:\w{1,60}\.){0,8}(?:InferenceServerException|TritonModelException|InvalidModel|TritonError): "
)
"""Exceptions that hand on what somebody else said."""

_WRAPPINGS = tuple(
    re.compile(pattern)
    for pattern in (
        r"failed to load (?:model )?'(?P<model>[^'\n]{1,500})'(?: version (?P<version>\d{1,20}))?: ",
        r"load failed for model '(?P<model>[^'\n]{1,500})': ",
        r"version \d{1,20}(?: is at UNAVAILABLE state)?: ",
        r"server not ready: ",
        r"Poll failed for model directory '(?P<model>[^'\n]{1,500})': ",
        r"failed to poll model(?: repository)? '(?P<polled>[^'\n]{1,1000})': ",
        r"unable to (?:load model|autofill for) '(?P<model>[^'\n]{1,500})'[,:] ",
        r"autofill failed for model '(?P<model>[^'\n]{1,500})': ",
        r"model '(?P<instance>[^'\n]{1,500})', tensor '(?P<tensor>[^'\n]{1,500})': ",
        r"instance group \S{1,500} of model (?P<model>\S{1,500}) ",
        r"Model '(?P<model>[^'\n]{1,500})' loading failed with error: ",
        r"(?P<model>[^\s:]{1,200})(?: \d{1,20})? did not load: ",
        r"creating server: ",
        r"[Ff]ailed to create server: ",
        _STATUS,
        r"in ensemble '(?P<ensemble>[^'\n]{1,500})', ",
        r"\[request id: [^\]\n]{0,500}\] ",
        r"(?:ERROR: )?Failed to create instance: ",
        r"Failed to process the request(?:\(s\))? for model (?:instance )?'(?P<instance>[^'\n]{1,500})', message: ",
        r"Failed to process the request\(s\), message: ",
        r"(?:warmup error|failed to run warmup sample '[^'\n]{0,500}'): ",
        r"Failed for execute the inference request\. ",
        r"\[(?:StatusCode\.\w{1,40}|\d{3})\] ",
        r"\[ONNXRuntimeError\] : \d{1,4} : \w{1,60} : ",
        r"onnx runtime error \d{1,4}: ",
        r"Load model from [^\n]{1,1000}? failed: ?",
        r"Failed to load model with error: ",
        r"\S{0,40} ?\S{0,40} ?\[E:onnxruntime:[^\]\n]{0,300}\] ",
        r"DALI Backend error: ",
        r"openvino error in (?!retrieving)[^:\n]{1,200}: ",
        r"PyTorch execute failure: ",
        r"unexpected error when creating modelInstanceState: ",
        r"\[TensorRT-LLM\]\[ERROR\] ",
        r"tensorrt_llm::common::TllmException: ",
        r"\[[\d:]{1,12}\] [^\s:]{1,500}:\d{1,9}: ",
        r"\[libprotobuf ERROR [^\]\n]{1,500}\] ",
        r"Error parsing text-format [\w.]{1,100}: (?P<at>\d{1,9}:\d{1,9}): ",
        r"(?:docker|podman): (?!command not found)",
        r"Error response from daemon: ",
        r"Error: ",
        r"error: ",
        r"ERROR: ",
        r"failed to (?:create|start) (?:task for container|shim task): ",
        r"(?:\S{0,500}/)?(?:tritonserver|triton_python_backend_stub|bash|sh|\w{1,60}\.sh): (?:(?:line )?\d{1,9}: )?",
        r"\[ *\d{1,12}\.\d{1,9}\] ",
        r"Failed to initialize CUDA memory manager: ",
        r"[Ff]ailed to initialize Python stub: ",
    )
)
_ROW = re.compile(r"\| (?P<model>\S{1,200}) +\| (?P<version>\d{1,20}) +\| UNAVAILABLE: ")
_BACKEND_FRAME = re.compile(r"/backends/([\w-]{1,100})/[\w./-]{1,300}\.py")
_UTILITIES = "/triton_python_backend_utils.py("
"""Where the Python backend's own checks of what a model declares are."""

_MODEL_FRAME = re.compile(r"/\d{1,19}/[\w.-]{1,100}\.py(?:\(\d|\", line \d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A message with what was around it.

    ``starts`` are the places in ``text`` where a message may begin, the outermost first; those from ``raised`` on are
    inside an exception of Python code, which may say anything. ``backend`` is the backend whose Python code failed,
    where it is not the user's.
    """

    text: str
    starts: tuple[int, ...]
    raised: int | None = None
    parts: dict[str, str] = field(default_factory=dict)
    backend: str | None = None
    row: bool = False


@lru_cache(maxsize=256)
def unwrap(text: str) -> Wrapped:
    """Where the message of a text may begin, and what the parts before it say. Takes linear time."""
    head = text[:LONGEST]
    at, starts, raised = 0, [0], None
    parts: dict[str, str] = {}
    row = _ROW.match(head)
    if row is not None:
        parts.update(row.groupdict())
        at = row.end()
        starts.append(at)
    while len(starts) <= MOST and (found := _next(head, at)) is not None:
        if raised is None and not _NEUTRAL.fullmatch(found[0]) and _EXCEPTION.fullmatch(found[0]):
            raised = found.end()
        for name, value in found.groupdict().items():
            parts.setdefault(name, value or "")
        at = found.end()
        starts.append(at)
    raised = _more_lines(head, starts, raised)
    if _UTILITIES in text and text.find(_UTILITIES) - text.find("At:\n") < LONGEST // 8:
        raised = None
    backend = _BACKEND_FRAME.search(text) if not _MODEL_FRAME.search(text) else None
    return Wrapped(
        text=text,
        starts=tuple(starts),
        raised=raised,
        parts={name: value for name, value in parts.items() if value},
        backend=backend[1] if backend else None,
        row=row is not None,
    )


def _more_lines(head: str, starts: list[int], raised: int | None) -> int | None:
    """What Python code wrote below its first line may end with the message itself."""
    at = head.find("\n") + 1
    while at and len(starts) <= 2 * MOST:
        if head[at : at + 1] not in (" ", "\t", "\n", ""):
            starts.append(at)
            if found := _EXCEPTION.match(head, at):
                starts.append(found.end())
                raised = found.end() if raised is None else min(raised, found.end())
        at = head.find("\n", at) + 1
    return raised


def _next(head: str, at: int) -> re.Match[str] | None:
    if head[at : at + 1] == " ":
        at += len(head[at:]) - len(head[at:].lstrip(" "))
    for pattern in (*_WRAPPINGS, _NEUTRAL, _EXCEPTION):
        if found := pattern.match(head, at):
            return found
    return None


def is_wrapping(text: str) -> bool:
    """Whether a text is only what is around messages, and says nothing by itself."""
    return any(len(unwrap(f"{text}{rest}").starts) > 1 for rest in (" x", ": x", " 1: x", " 'm': x", " in x: x"))
