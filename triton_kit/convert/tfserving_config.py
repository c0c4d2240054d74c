"""The text files of TensorFlow Serving: models.config, and the batching parameters."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk
from triton_kit.repository.schema import EnumType, Field, MessageType
from triton_kit.repository.text_format.document import Document, parse

if TYPE_CHECKING:
    from triton_kit.repository.message import Message
    from triton_kit.repository.model_config import ModelVersionPolicy

    class ModelConfig(Message):
        """A model of a models.config; its version policy has the fields of Triton's."""

        name: str
        base_path: str
        model_platform: str
        model_version_policy: ModelVersionPolicy
        version_labels: dict[str, int]

    class ModelConfigList(Message):
        """The models of a models.config."""

        config: list[ModelConfig]

    class ModelServerConfig(Message):
        """A models.config."""

        model_config_list: ModelConfigList

    class Int64Value(Message):
        """A number that may be absent."""

        value: int

    class BatchingParameters(Message):
        """The parameters of batching, those that are read one by one."""

        max_batch_size: Int64Value
        batch_timeout_micros: Int64Value
        allowed_batch_sizes: list[int]


Row = tuple[str, str] | tuple[str, str, str]
"""A field: its name, its kind (``*`` behind it: repeated), and the oneof that it is in."""


def _message(name: str, rows: Iterable[Row], **types: MessageType | EnumType) -> MessageType:
    """A message whose numbers do not matter: text format does not have them."""
    fields = {}
    for number, (field, kind, *oneof) in enumerate(rows, 1):
        made = Field(field, number, kind.rstrip("*"), kind.endswith("*"), oneof[0] if oneof else "", None)
        if (type_ := types.get(field)) is not None:
            made.type = type_
            if isinstance(type_, EnumType):
                made.default = type_.names[0]
            elif type_.entry:
                made.map, made.key, made.value = True, type_.fields["key"], type_.fields["value"]
        fields[field] = made
    return MessageType(name, name.endswith("Entry"), fields)


@cache
def model_server_config() -> MessageType:
    """``ModelServerConfig`` (tensorflow_serving/config/model_server_config.proto), without its logging."""
    policy = _message(
        "ServableVersionPolicy",
        [("latest", "message", "policy"), ("all", "message", "policy"), ("specific", "message", "policy")],
        latest=_message("Latest", [("num_versions", "uint32")]),
        all=_message("All", []),
        specific=_message("Specific", [("versions", "int64*")]),
    )
    model = _message(
        "ModelConfig",
        [
            ("name", "string"), ("base_path", "string"), ("model_type", "enum"), ("model_platform", "string"),
            ("model_version_policy", "message"), ("version_labels", "message*"),
        ],
        model_type=EnumType("ModelType", {"MODEL_TYPE_UNSPECIFIED": 0, "TENSORFLOW": 1, "OTHER": 2}),
        model_version_policy=policy,
        version_labels=_message("VersionLabelsEntry", [("key", "string"), ("value", "int64")]),
    )  # fmt: skip
    models = _message("ModelConfigList", [("config", "message*")], config=model)
    return _message("ModelServerConfig", [("model_config_list", "message")], model_config_list=models)


@cache
def batching_parameters() -> MessageType:
    """``BatchingParameters`` (tensorflow_serving/servables/tensorflow/session_bundle_config.proto)."""
    numbers = (
        "max_batch_size",
        "batch_timeout_micros",
        "max_enqueued_batches",
        "num_batch_threads",
        "max_execution_batch_size",
    )
    number = _message("Int64Value", [("value", "int64")])
    return _message(
        "BatchingParameters",
        [
            *((name, "message") for name in numbers),
            ("thread_pool_name", "message"),
            ("enable_large_batch_splitting", "message"),
            ("allowed_batch_sizes", "int64*"),
            ("pad_variable_length_inputs", "bool"),
        ],
        **dict.fromkeys(numbers, number),
        thread_pool_name=_message("StringValue", [("value", "string")]),
        enable_large_batch_splitting=_message("BoolValue", [("value", "bool")]),
    )


def read(path: Path, type_: MessageType) -> tuple[Document, tuple[str, ...]]:
    """A file as a message, and the fields that are not understood. Raises UsageError, with the place of a mistake."""
    try:
        data = disk.read_given(path)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist", hint="give the file that the server is started with") from None
    except OSError as error:
        raise TkError(f"{path} cannot be read: {disk.reason(error)}") from None
    document = parse(data, message=type_)
    unknown = []
    for problem in document.problems:
        if problem.kind != "unknown-field":
            place = f"{path}:{problem.span.line}:{problem.span.column}"
            raise UsageError(f"{place}: {problem.message}", hint=problem.help)
        unknown.append(problem.message.partition(" ")[0])
    return document, tuple(dict.fromkeys(unknown))
