"""Make the schema of a model configuration out of the installed tritonclient: a descriptor, a Python table and types.

Run it after a new tritonclient; ``--check`` says (exit code 1) whether the shipped files are what it would make. The
table and the types must always be what the shipped descriptor gives; the descriptor is compared with the installed
tritonclient's only when the two have the same version, so that a newer tritonclient on another day is not a failure.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import keyword
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

ROOM = Path(__file__).resolve().parent.parent / "triton_kit" / "repository"
DESCRIPTOR, TABLE, TYPES = ROOM / "model_config.binpb", ROOM / "_schema.py", ROOM / "model_config.pyi"

# The container release whose server has the client's version.
RELEASES = {f"2.{65 + month}.0": f"26.{month + 1:02d}" for month in range(12)}

# The first release whose model_config.proto has the field or value (triton-inference-server/common, release branches
# from r20.07 on). What is not here is older.
SINCE = {
    "20.07": """ModelOptimizationPolicy.Cuda.busy_wait_events ModelOperations.op_library_filename
        ModelTransactionPolicy.decoupled ModelConfig.backend ModelConfig.model_operations
        ModelConfig.model_transaction_policy""",
    "20.09": """BatchInput.Kind.BATCH_ELEMENT_COUNT BatchInput.Kind.BATCH_ACCUMULATED_ELEMENT_COUNT
        BatchInput.Kind.BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO BatchInput.Kind.BATCH_MAX_ELEMENT_COUNT_AS_SHAPE
        BatchInput.kind BatchInput.target_name BatchInput.data_type BatchInput.source_input
        BatchOutput.Kind.BATCH_SCATTER_WITH_INPUT_SHAPE BatchOutput.target_name BatchOutput.kind
        BatchOutput.source_input ModelOptimizationPolicy.Cuda.GraphSpec.Shape.dim
        ModelOptimizationPolicy.Cuda.GraphSpec.batch_size ModelOptimizationPolicy.Cuda.GraphSpec.input
        ModelOptimizationPolicy.Cuda.graph_spec ModelConfig.batch_input ModelConfig.batch_output""",
    "20.10": """ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.batch_size
        ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.input
        ModelOptimizationPolicy.Cuda.GraphSpec.graph_lower_bound""",
    "20.11": """ModelRateLimiter.Resource.name ModelRateLimiter.Resource.global ModelRateLimiter.Resource.count
        ModelRateLimiter.resources ModelRateLimiter.priority ModelInstanceGroup.rate_limiter
        ModelSequenceBatching.StrategyDirect.max_queue_delay_microseconds
        ModelSequenceBatching.StrategyDirect.minimum_slot_utilization""",
    "21.03": """ModelOptimizationPolicy.Cuda.output_copy_stream
        ModelOptimizationPolicy.gather_kernel_buffer_threshold ModelOptimizationPolicy.eager_batching
        ModelRepositoryAgents.Agent.name ModelRepositoryAgents.Agent.parameters ModelRepositoryAgents.agents
        ModelConfig.model_repository_agents""",
    "21.06": """ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind.KIND_NVDLA
        ModelInstanceGroup.SecondaryDevice.kind ModelInstanceGroup.SecondaryDevice.device_id
        ModelInstanceGroup.secondary_devices ModelInstanceGroup.passive ModelInstanceGroup.host_policy""",
    "21.09": "ModelSequenceBatching.Control.bool_false_true",
    "21.10": "ModelResponseCache.enable ModelConfig.response_cache",
    "21.11": """ModelSequenceBatching.State.input_name ModelSequenceBatching.State.output_name
        ModelSequenceBatching.State.data_type ModelSequenceBatching.State.dims ModelSequenceBatching.state""",
    "22.01": """ModelInput.optional ModelSequenceBatching.InitialState.data_type
        ModelSequenceBatching.InitialState.dims ModelSequenceBatching.InitialState.zero_data
        ModelSequenceBatching.InitialState.data_file ModelSequenceBatching.InitialState.name
        ModelSequenceBatching.State.initial_state""",
    "22.03": "BatchInput.Kind.BATCH_ITEM_SHAPE BatchInput.Kind.BATCH_ITEM_SHAPE_FLATTEN",
    "22.05": "DataType.TYPE_BF16",
    "22.07": "ModelWarmup.count",
    "23.03": "ModelEnsembling.Step.model_namespace",
    "23.08": "ModelSequenceBatching.StrategyOldest.preserve_ordering",
    "23.11": """ModelSequenceBatching.State.use_same_buffer_for_input_output
        ModelSequenceBatching.State.use_growable_memory ModelSequenceBatching.iterative_sequence""",
    "24.01": "ModelConfig.runtime",
    "24.08": "ModelInput.is_non_linear_format_io ModelOutput.is_non_linear_format_io",
    "24.11": """ModelMetrics.MetricControl.MetricIdentifier.family ModelMetrics.MetricControl.HistogramOptions.buckets
        ModelMetrics.MetricControl.metric_identifier ModelMetrics.MetricControl.histogram_options
        ModelMetrics.metric_control ModelConfig.model_metrics""",
    "25.11": "ModelEnsembling.max_inflight_requests",
}

KINDS = {
    FieldDescriptorProto.TYPE_DOUBLE: "double",
    FieldDescriptorProto.TYPE_FLOAT: "float",
    FieldDescriptorProto.TYPE_INT64: "int64",
    FieldDescriptorProto.TYPE_UINT64: "uint64",
    FieldDescriptorProto.TYPE_INT32: "int32",
    FieldDescriptorProto.TYPE_UINT32: "uint32",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_STRING: "string",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
    FieldDescriptorProto.TYPE_ENUM: "enum",
    FieldDescriptorProto.TYPE_MESSAGE: "message",
}


def messages(prefix: str, found: list[DescriptorProto]) -> Iterator[tuple[str, DescriptorProto]]:
    """Every message of the file with its name inside the package, enclosing messages first."""
    for message in found:
        yield prefix + message.name, message
        yield from messages(f"{prefix}{message.name}.", list(message.nested_type))


def enums(file: FileDescriptorProto) -> Iterator[tuple[str, EnumDescriptorProto]]:
    """Every enum of the file with its name inside the package."""
    for enum in file.enum_type:
        yield enum.name, enum
    for name, message in messages("", list(file.message_type)):
        for enum in message.enum_type:
            yield f"{name}.{enum.name}", enum


def field_row(field: FieldDescriptorProto, message: DescriptorProto, package: str) -> tuple[object, ...]:
    """(name, number, kind, repeated, type, oneof) of a field; type and oneof are empty where there is none."""
    oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
    repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
    return (field.name, field.number, KINDS[field.type], repeated, field.type_name.removeprefix(f".{package}."), oneof)


def table(descriptor: bytes, source: str, release: str) -> str:
    """The text of the Python table that the descriptor gives."""
    file = FileDescriptorProto.FromString(descriptor)
    since = {name: release for release, names in SINCE.items() for name in names.split()}
    lines = [
        "# Made by scripts/make_schema.py out of model_config.binpb; do not edit.  # ruff: noqa: E501",
        '"""The messages of a model configuration as literals: what schema.py is built from."""',
        "",
        f'SOURCE = "{source}"',
        f'RELEASE = "{release}"',
        "",
        "# message -> (is a map entry, fields: name, number, kind, repeated, type, oneof)",
        "MESSAGES = {",
    ]
    known = set()
    for name, message in messages("", list(file.message_type)):
        lines += [f'    "{name}": (', f"        {message.options.map_entry},", "        ("]
        for field in message.field:
            known.add(f"{name}.{field.name}")
            lines.append(f"            {field_row(field, message, file.package)!r},".replace("'", '"'))
        lines += ["        ),", "    ),"]
    lines += ["}", "", "# enum -> value -> number", "ENUMS = {"]
    for name, enum in enums(file):
        lines.append(f'    "{name}": {{')
        for value in enum.value:
            known.add(f"{name}.{value.name}")
            lines.append(f'        "{value.name}": {value.number},')
        lines.append("    },")
    lines += ["}", "", "# field or value -> the first release that has it", "SINCE = {"]
    if unknown := since.keys() - known:
        raise SystemExit(f"SINCE names what the descriptor lacks: {', '.join(sorted(unknown))}")
    lines += [f'    "{name}": "{release}",' for name, release in since.items()]
    return "\n".join([*lines, "}", ""])


PYTHON = {"string": "str", "bytes": "bytes", "bool": "bool", "float": "float", "double": "float"}
"""The Python type of a scalar; that of the others is int."""


class Types:
    """The text of a module with a class for each message: what a Message of that type looks like to a type checker."""

    def __init__(self, descriptor: bytes) -> None:
        self.file = FileDescriptorProto.FromString(descriptor)
        self.entries = {name: m for name, m in messages("", list(self.file.message_type)) if m.options.map_entry}

    def text(self) -> str:
        """The whole module."""
        lines = [
            "# Made by scripts/make_schema.py out of model_config.binpb; do not edit.  # ruff: noqa: E501",
            '"""The messages of a model configuration as types, for a type checker alone: each is a Message."""',
            "",
            "# A message of a known type takes the names of its own fields only, and gives a dict of known keys.",
            '# mypy: disable-error-code="override"',
            "from typing import Literal, TypeAlias, TypedDict",
            "",
            "from triton_kit.repository.message import Message",
        ]
        for enum in self.file.enum_type:
            lines += ["", *self.enum(enum, "")]
        for message in self.file.message_type:
            lines += ["", "", *self.message(message, message.name, "")]
        return "\n".join([*lines, ""])

    def enum(self, enum: EnumDescriptorProto, indent: str) -> Iterator[str]:
        """The names of an enum's values, or a number without a name."""
        names = ", ".join(f'"{value.name}"' for value in enum.value)
        yield f"{indent}{enum.name}: TypeAlias = Literal[{names}] | int"

    def message(self, message: DescriptorProto, name: str, indent: str) -> Iterator[str]:
        """The class of a message, with the messages and enums inside it."""
        inner = f"{indent}    "
        yield f"{indent}class {message.name}(Message):"
        for enum in message.enum_type:
            yield from self.enum(enum, inner)
            yield ""
        for nested in message.nested_type:
            if not nested.options.map_entry:
                yield from self.message(nested, f"{name}.{nested.name}", inner)
                yield ""
        yield from self.as_dict(message, inner)
        for field in message.field:
            if not keyword.iskeyword(field.name):
                yield f"{inner}{field.name}: {self.python(field)}"
        if names := ", ".join(f'"{field.name}"' for field in message.field):
            yield f"{inner}def has(self, name: Literal[{names}]) -> bool: ..."
        yield f"{inner}def to_dict(self) -> {name}.Dict: ..."

    def as_dict(self, message: DescriptorProto, indent: str) -> Iterator[str]:
        """What ``to_dict`` makes of a message; a keyword of Python can be a key, though not an attribute."""
        if any(keyword.iskeyword(field.name) for field in message.field):
            fields = ", ".join(f'"{field.name}": "{self.python(field, ".Dict")}"' for field in message.field)
            yield f'{indent}Dict = TypedDict("Dict", {{{fields}}}, total=False)'
        else:
            yield f"{indent}class Dict(TypedDict, total=False):"
            for field in message.field:
                yield f"{indent}    {field.name}: {self.python(field, '.Dict')}"
            if not message.field:
                yield f"{indent}    pass"
        yield ""

    def python(self, field: FieldDescriptorProto, form: str = "") -> str:
        """The Python type of a field; ``form`` follows the name of a message."""
        type_name = field.type_name.removeprefix(f".{self.file.package}.")
        if entry := self.entries.get(type_name):
            key, value = entry.field
            return f"dict[{self.python(key, form)}, {self.python(value, form)}]"
        kind = KINDS[field.type]
        one = PYTHON.get(kind, "int")
        if kind == "enum":
            one = "str | int" if form else type_name
        elif kind == "message":
            one = type_name + form
        return f"list[{one}]" if field.label == FieldDescriptorProto.LABEL_REPEATED else one


def installed() -> tuple[bytes, str]:
    """The descriptor of the installed tritonclient, and which tritonclient that is."""
    from tritonclient.grpc import model_config_pb2

    return bytes(
        model_config_pb2.DESCRIPTOR.serialized_pb
    ), f"tritonclient {importlib.metadata.version('tritonclient')}"


def write(path: Path, content: bytes) -> None:
    """Replace the file as a whole."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_bytes(content)
    staged.replace(path)


def differences() -> Iterator[str]:
    """What is not as this script would make it."""
    from triton_kit.repository import _schema

    shipped = DESCRIPTOR.read_bytes()
    if TABLE.read_text() != table(shipped, _schema.SOURCE, _schema.RELEASE):
        yield f"{TABLE.name} is not what {DESCRIPTOR.name} gives"
    if TYPES.read_text() != Types(shipped).text():
        yield f"{TYPES.name} is not what {DESCRIPTOR.name} gives"
    descriptor, source = installed()
    if source != _schema.SOURCE:
        print(f"{source} is installed, {_schema.SOURCE} was the source: their descriptors are not compared")
    elif descriptor != shipped:
        yield f"{DESCRIPTOR.name} is not the descriptor of {source}"


def main() -> int:
    """Make the files, or compare them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="compare only; exit code 1 where something differs")
    if options.parse_args().check:
        found = list(differences())
        print("\n".join(found) or "the schema is up to date")
        return 1 if found else 0
    descriptor, source = installed()
    release = RELEASES.get(source.split()[1], "unknown")
    write(DESCRIPTOR, descriptor)
    write(TABLE, table(descriptor, source, release).encode())
    write(TYPES, Types(descriptor).text().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
