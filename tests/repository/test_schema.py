"""The schema: what the table says, and that it is what the descriptor gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from triton_kit.repository.schema import RELEASE, SOURCE, enum_type, message_names, message_type, model_config_class

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_shipped_files_are_what_the_script_makes() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "make_schema.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_field_is_that_of_the_protobuf_descriptor() -> None:
    file = model_config_class().DESCRIPTOR.file
    pool = file.pool
    for name in message_names():
        theirs = pool.FindMessageTypeByName(f"inference.{name}").fields_by_name
        ours = message_type(name).fields
        assert {n: f.number for n, f in ours.items()} == {n: f.number for n, f in theirs.items()}


def test_describes_fields() -> None:
    config = message_type("ModelConfig")
    assert config.oneofs == {"scheduling_choice": ("dynamic_batching", "sequence_batching", "ensemble_scheduling")}
    parameters = config.fields["parameters"]
    assert parameters.map
    assert parameters.key is not None
    assert parameters.key.kind == "string"
    assert parameters.value is not None
    assert parameters.value.message.name == "ModelParameter"
    assert config.fields["runtime"].since == "24.01"
    assert config.fields["name"].since is None
    data_type = message_type("ModelInput").fields["data_type"]
    assert data_type.default == "TYPE_INVALID"
    assert data_type.enum.since == {"TYPE_BF16": "22.05"}
    assert enum_type("ModelInstanceGroup.Kind").names[2] == "KIND_CPU"
    with pytest.raises(TypeError):
        _ = data_type.message
    with pytest.raises(KeyError):
        message_type("Bogus")


def test_says_where_it_is_from() -> None:
    assert SOURCE.startswith("tritonclient ")
    assert RELEASE


def test_the_protobuf_class_does_not_clash_with_that_of_tritonclient() -> None:
    program = (
        "from triton_kit.repository.schema import model_config_class as c\n"
        "ours = c()\n"
        "from tritonclient.grpc import model_config_pb2 as theirs\n"
        "assert ours is not theirs.ModelConfig and ours(name='x').name == 'x'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_reading_needs_no_protobuf() -> None:
    program = (
        "import sys\nfrom triton_kit.repository.text_format.document import parse\nparse('name: \"x\"')\n"
        "assert not {'google.protobuf', 'triton_kit.repository.text_format.recovery'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
