"""docs/json.md says of each JSON output what is in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running_server import MODELS, address, serving
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.runtime.state.process_identity import born
from triton_kit.runtime.state.registry import Running, record
from triton_kit.runtime.types import Endpoints

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text()
SECTIONS = {title: body for title, _, body in (part.partition("\n") for part in TEXT.split("\n## ")[1:])}
OPEN = {"diagnostics[].related[]", "kept"}
"""Objects whose keys the table tells in the meaning."""


def documented(command: str) -> set[str]:
    """The keys in the first column of the section's table, such as ``models[].name``."""
    rows = re.findall(r"^\| (`.*?) \|", SECTIONS[command], flags=re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row)}


def example(command: str) -> Any:
    return json.loads(SECTIONS[command].partition("```json\n")[2].partition("```")[0])


def keys(value: Any, path: str = "") -> Iterator[str]:
    """Where the values are in a document, such as ``models[].name``; null and empty ones hide what they have."""
    match value:
        case dict() if path not in OPEN and not path.endswith("findings[]"):
            for name, inner in value.items():
                yield from keys(inner, f"{path}.{name}" if path else name)
        case list() if not path.endswith(".values"):
            for inner in value:
                yield from keys(inner, f"{path}[]")
        case _ if value is not None:
            yield path


def check(command: str, value: Any) -> None:
    """The document has the keys that are documented at its top, and none that is not below."""
    known = documented(command)
    assert set(value) == {re.split(r"[.\[]", key)[0] for key in known}
    assert [key for key in keys(value) if key not in known and key.removesuffix("[]") not in known] == []


@pytest.mark.parametrize("command", [name for name in SECTIONS if name != "tk serve"])
def test_each_example_is_json_and_its_keys_are_documented(command):
    assert example(command)["version"] == 1
    check(command, example(command))


@pytest.fixture
def project(tmp_path, monkeypatch, capsys):
    """An empty project, and a function that runs tk in it and reads its JSON."""
    monkeypatch.chdir(tmp_path)
    assert run(["init", "."]) == 0
    capsys.readouterr()

    def tk(*arguments: str) -> Any:
        run([*arguments, "--format", "json"])
        return json.loads(capsys.readouterr().out)

    return tk


@pytest.mark.parametrize("mode", [[], ["--top", "2"]], ids=["values", "classes"])
def test_what_infer_prints_is_documented(server, capsys, mode):
    model = ["pets", "--random"] if mode else ["pair", "--zeros"]
    assert run(["infer", *model, *mode, "--repeat", "2", "--url", address(server, "http"), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    check("tk infer", found)
    assert ("answers[].outputs[].classes[][].label" in set(keys(found))) is bool(mode)


def test_what_infer_prints_of_streams_is_documented(stream_server, capsys):
    ask = ["infer", "counter", "COUNT=2", "--grpc", "--url", stream_server.endpoints.grpc, "--format"]
    assert run([*ask, "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    check("tk infer", document)
    assert run([*ask, "ndjson"]) == 0
    first, _, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert set(first) == {"version", "event", *document["answers"][0]}
    assert set(last) == {"event", *document} - {"answers"}


def test_what_health_prints_is_documented(server, capsys):
    assert run(["health", address(server, "http"), "-m", "pair", "-m", "none", "--format", "json"]) == 1
    check("tk health", json.loads(capsys.readouterr().out))


def test_what_is_printed_of_the_models_of_a_server_is_documented(embedded, capsys):
    with serving(embedded, MODELS, "pair") as server:
        where = ["--url", address(server, "http"), "--format", "json"]
        assert run(["models", *where]) == 0
        check("tk models", json.loads(capsys.readouterr().out))
        for verb, code in (("load", 0), ("reload", 0), ("unload", 0), ("unload", 1)):
            name = "pair" if code == 0 else "none"
            assert run([verb, name, *where]) == code
            check("tk load", json.loads(capsys.readouterr().out))


def test_what_the_commands_on_a_repository_print_is_documented(project, capsys):
    added = ["add", "one", "--backend", "python", "--input", "a:FP32:1", "--output", "b:FP32:1"]
    check("tk add", project(*added))
    check("tk render", project("render"))
    check("tk template list", project("template", "list"))
    config = Path("model_repository/one/config.pbtxt")
    config.write_text(config.read_text() + "max_batch_sise: 1\nname: 'one'\nname: 'one'\n")
    check("tk validate", project("validate"))
    check("tk fmt", project("fmt", "--check"))
    check("tk graph", project("graph"))
    check("tk doctor", project("doctor", "--only", "clock", "--release", "26.08"))
    archive = Path(__file__).resolve().parents[1] / "convert" / "data" / "matrix.mar"
    check("tk import", project("import", "torchserve", str(archive)))


def test_what_is_printed_of_golden_cases_is_documented(server, project):
    shutil.copytree(MODELS / "pair", "model_repository/pair")
    where = ["--url", address(server, "http")]
    check("tk test --record", project("test", "pair", "--record", "--random", "1", *where))
    Path("model_repository/pair/tests/wrong.json").write_text(
        '{"inputs": {"LEFT": [1, 2, 3], "RIGHT": [1, 2, 3]}, "outputs": {"SUM": [1, 2, 3]}}'
    )
    found = project("test", "pair", *where)
    check("tk test", found)
    check("tk add-warmup", project("add-warmup", "pair"))
    assert "cases[].differences[].index[]" in set(keys(found))


def test_what_is_printed_of_versions_is_documented(project):
    write_onnx(Path("a.onnx"))
    project("add", "one", "--from", "a.onnx")
    check("tk versions add", project("versions", "add", "one", "a.onnx"))
    check("tk versions promote", project("versions", "promote", "one", "1"))
    check("tk versions diff", project("versions", "diff", "one", "1", "2"))
    check("tk versions", project("versions"))
    check("tk versions list", project("versions", "list", "one"))
    check("tk versions prune", project("versions", "prune", "one", "--keep", "1"))
    check("tk versions log", project("versions", "log", "one"))


def test_what_is_printed_of_rules_is_documented(project):
    check("tk explain", project("explain", "name-mismatch"))
    check("tk explain", project("explain", "directory name must equal model name"))
    check("tk rules", project("rules", "--area", "layout"))


def test_the_events_of_serve_are_those_of_the_code():
    events = [json.loads(line) for line in SECTIONS["tk serve"].partition("```\n")[2].partition("```")[0].splitlines()]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", SECTIONS["tk serve"], flags=re.MULTILINE))
    source = (Path(__file__).resolve().parents[2] / "triton_kit" / "cli" / "support" / "serve_output.py").read_text()
    board = source.partition("class JsonBoard")[2].partition("\ndef ")[0]
    assert set(rows) == set(re.findall(r'"(starting|model|ready|partly-ready|log|change|stopped)"', board))
    for event in events:
        assert event.pop("version") == 1
        assert set(event) - {"event"} <= set(re.findall(r"`([a-z_]+)`", rows[event["event"]]))


def test_what_is_printed_of_servers_is_documented(capsys):
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as sleeper:
        where = Endpoints(http="http://127.0.0.1:1", grpc="127.0.0.1:2", metrics="http://127.0.0.1:3/metrics")
        record(
            Running(
                name="one", runtime="local", repository=Path("/m"), release="24.10", image=None, endpoints=where,
                started=0.0, pid=sleeper.pid, born=born(sleeper.pid), detached=True,
            )
        )  # fmt: skip
        assert run(["ps", "--format", "json"]) == 0
        check("tk ps", json.loads(capsys.readouterr().out))
        assert run(["stop", "one", "--format", "json"]) == 0
        check("tk stop", json.loads(capsys.readouterr().out))
        assert sleeper.wait(10) == -15
