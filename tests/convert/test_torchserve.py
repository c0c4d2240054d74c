"""From TorchServe: real archives of torch-model-archiver, and archives that mean harm."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from running_server import address, serving

from triton_kit.cli import run
from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.convert.handlers import packages_of
from triton_kit.convert.torchserve_settings import read_properties
from triton_kit.convert.unpack import unpack
from triton_kit.errors import TkError, UsageError
from triton_kit.repository.text_format.document import parse

DATA = Path(__file__).parent / "data"
MANIFEST = "MAR-INF/MANIFEST.json"


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_repository").mkdir()
    return tmp_path / "model_repository"


@pytest.fixture
def bring(repository, capsys):
    """Run tk import torchserve and read its report."""

    def bring_(archive: Path | str, *arguments: str) -> tuple[int, Any]:
        code = run(["import", "torchserve", str(archive), *arguments, "--format", "json"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else captured.err

    return bring_


def config(folder: Path) -> dict[str, Any]:
    found = parse((folder / "config.pbtxt").read_bytes())
    assert not found.problems
    return found.message.to_dict()


def items(report: Any) -> dict[str, tuple[str, str]]:
    return {item["what"]: (item["fate"], item["said"]) for item in report["models"][0]["items"]}


def mar(path: Path, manifest: dict[str, Any] | str | None, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
        if manifest is not None:
            model = {"modelName": "m", "modelVersion": "1.0", "handler": "handler.py"}
            text = manifest if isinstance(manifest, str) else json.dumps({"model": model | manifest})
            out.writestr(MANIFEST, text)
    return path


HANDLER = b"def handle(data, context):\n    return data and [len(row['body']) for row in data]\n"


def test_torchscript_behind_a_built_in_handler_becomes_a_pytorch_model_with_labels(bring, repository):
    code, report = bring(DATA / "flowers.mar", "--max-batch-size", "4")
    assert code == 0
    folder = repository / "flowers"
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "2/model.pt",
        "config.pbtxt",
        "labels.txt",
        "model.yaml",
    ]
    assert (folder / "labels.txt").read_text() == "daisy\nrose\ntulip\n"
    written = config(folder)
    assert written["backend"] == "pytorch"
    assert written["max_batch_size"] == 4
    assert written["dynamic_batching"] == {"max_queue_delay_microseconds": 100_000}
    assert written["input"] == [{"name": "INPUT__0", "data_type": "TYPE_FP32", "dims": [3, 224, 224]}]
    assert written["output"][0]["label_filename"] == "labels.txt"
    assert run(["validate", str(repository), "-q"]) == 0
    told = items(report)
    assert told["the handler image_classifier"][0] == "left behind"
    assert "224" in told["before the model"][1]


def test_torchscript_without_told_tensors_asks_for_them_by_their_names(bring, repository, capsys):
    assert run(["import", "torchserve", str(DATA / "scores.tar.gz")]) == 2
    hint = capsys.readouterr().err
    assert "--input features:FP32:DIMS --input scale:FP32:DIMS --output OUTPUT__0:FP32:DIMS" in hint
    assert list(repository.iterdir()) == []
    tensors = ["--input", "features:FP32:4", "--input", "scale:FP32:4", "--output", "OUTPUT__0:FP32:1"]
    code, report = bring(DATA / "scores.tar.gz", *tensors)
    assert code == 0
    assert items(report)["the handler my_handler.py"][0] == "left behind"
    assert run(["validate", str(repository), "-q"]) == 0


def test_a_handler_is_kept_where_it_is_asked_for_and_what_it_needs_is_said(bring, repository):
    code, report = bring(DATA / "scores.tar.gz", "--keep-handler")
    assert code == 0
    assert "torch, torchserve" in items(report)["packages"][1]
    assert (repository / "scores" / "1" / "archive" / "my_handler.py").is_file()
    assert run(["validate", str(repository), "-q"]) == 0


def test_batches_delay_workers_and_device_of_the_yaml_carry_over(bring, repository):
    code, report = bring(DATA / "matrix.mar")
    assert code == 0
    written = config(repository / "matrix")
    assert written["max_batch_size"] == 8
    assert written["dynamic_batching"] == {"max_queue_delay_microseconds": 50_000}
    assert written["instance_group"] == [{"count": 2, "kind": "KIND_CPU"}]
    told = items(report)
    assert told["maxWorkers 4"][0] == told["responseTimeout 120"][0] == told["requirements.txt"][0] == "left behind"
    assert "packages" not in told


def test_settings_come_from_config_properties_where_the_archive_has_none(bring, repository, tmp_path):
    properties = tmp_path / "config.properties"
    models = {"m": {"1.0": {"minWorkers": 3, "maxWorkers": 3, "batchSize": 16, "maxBatchDelay": 20}}}
    text = json.dumps(models, indent=2).replace("\n", "\\\n")
    properties.write_text(f"# of the server\ninference_address=http://0.0.0.0:8080\nmodels={text}\n")
    archive = mar(tmp_path / "m.mar", {}, {"handler.py": HANDLER})
    assert bring(archive, "--config", str(properties))[0] == 0
    written = config(repository / "m")
    assert (written["max_batch_size"], written["instance_group"]) == (16, [{"count": 3}])
    assert written["dynamic_batching"] == {"max_queue_delay_microseconds": 20_000}


def test_gpus_carry_over_where_the_device_is_one(bring, repository, tmp_path):
    for name, yaml, group in (
        ("on", b"deviceType: gpu\ndeviceIds: [2, 0, 2]\n", [{"count": 1, "kind": "KIND_GPU", "gpus": [2, 0]}]),
        ("off", b"deviceType: cpu\ndeviceIds: [1]\n", [{"count": 1, "kind": "KIND_CPU"}]),
        ("other", b"deviceType: neuron\n", None),
    ):
        members = {"handler.py": HANDLER, "c.yaml": yaml}
        archive = mar(tmp_path / f"{name}.mar", {"modelName": name, "configFile": "c.yaml"}, members)
        assert bring(archive)[0] == 0
        assert config(repository / name).get("instance_group") == group


def test_a_model_that_gets_another_name_keeps_its_settings(bring, repository, tmp_path):
    properties = tmp_path / "config.properties"
    properties.write_text('models={"m": {"1.0": {"batchSize": 5}}, "new": {"1.0": {"batchSize": 7}}}\n')
    archive = mar(tmp_path / "m.mar", {}, {"handler.py": HANDLER})
    assert bring(archive, "--config", str(properties), "--name", "new")[0] == 0
    assert config(repository / "new")["max_batch_size"] == 5


@pytest.mark.local
def test_handlers_load_and_answer_on_the_server(bring, repository, embedded, tmp_path):
    import numpy as np

    assert bring(DATA / "matrix.mar")[0] == 0
    function = b"def handle(data, context):\n    return data and [bytes(row['data'])[::-1] for row in data]\n"
    assert bring(mar(tmp_path / "f.mar", {"modelName": "turned"}, {"handler.py": function}))[0] == 0
    failing = (
        b"class Fails:\n    def initialize(self, context):\n        self.context = context\n"
        b"    def handle(self, data, context):\n        context.set_all_response_status(507, 'full')\n"
        b"        context.metrics.add_counter('x', 1)\n        return [''] * len(data)\n"
    )
    assert bring(mar(tmp_path / "e.mar", {"modelName": "full"}, {"handler.py": failing}))[0] == 0

    def ask(client: Any, model: str, *bodies: bytes) -> list[bytes]:
        body = np.array(bodies, dtype=np.object_).reshape(-1, 1)
        return list(client.infer(Inference(model=model, inputs={"body": body})).outputs["response"].reshape(-1))

    names = ("matrix", "turned", "full")
    with serving(embedded, repository, *names) as server, connect(address(server, "http"), timeout=30) as client:
        answers = [json.loads(answer) for answer in ask(client, "matrix", b"[1, 1]", b"[0, 2]", b"[1, -9]")]
        assert answers == [
            {"best": "two", "sums": [2, 6, 6], "unit": "points"},
            {"best": "two", "sums": [0, 12, 4], "unit": "points"},
            {"best": "one", "sums": [2, -54, -14], "unit": "points"},
        ]
        with pytest.raises(TkError, match="JSONDecodeError"):
            ask(client, "matrix", b"no json")
        assert ask(client, "turned", b"\x00\xffabc") == [b"cba\xff\x00"]
        with pytest.raises(TkError, match="507 full"):
            ask(client, "full", b"")


def test_a_handler_whose_models_the_backend_cannot_take_is_told_and_nothing_is_written(bring, repository, tmp_path):
    model = zipfile.ZipFile(DATA / "flowers.mar").read("flowers.pt")
    archive = mar(tmp_path / "d.mar", {"handler": "object_detector", "serializedFile": "d.pt"}, {"d.pt": model})
    code, report = bring(archive)
    assert code == 1
    assert not report["written"]
    assert "--keep-handler" in items(report)["instead"][1]
    assert list(repository.iterdir()) == []


def test_onnx_in_an_archive_is_served_by_itself(bring, repository, tmp_path, sample):
    model = (sample / "digit_classifier" / "1" / "model.onnx").read_bytes()
    archive = mar(tmp_path / "o.mar", {"serializedFile": "o.onnx"}, {"o.onnx": model, "handler.py": HANDLER})
    code, report = bring(archive, "--max-batch-size", "8")
    assert code == 0
    written = config(repository / "m")
    assert (written["backend"], written["max_batch_size"]) == ("onnxruntime", 8)
    assert [t["name"] for t in (*written["input"], *written["output"])] == ["pixels", "scores"]
    assert items(report)["o.onnx"] == ("carried over", "1/model.onnx")
    assert run(["validate", str(repository), "-q"]) == 0


def test_what_a_manifest_says_reaches_no_terminal_as_it_is(repository, tmp_path, capsys):
    archive = mar(tmp_path / "m.mar", {"handler": "\x1b[31mgone.py"}, {})
    assert run(["import", "torchserve", str(archive)]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_version_that_is_no_number_is_changed_and_told(bring, repository, tmp_path):
    archive = mar(tmp_path / "m.mar", {"modelVersion": "2.5-beta"}, {"handler.py": HANDLER})
    code, report = bring(archive)
    assert code == 0
    assert items(report)["version 2.5-beta"][0] == "changed"
    assert (repository / "m" / "2" / "model.py").is_file()


def test_an_existing_model_is_never_touched(bring, repository):
    (repository / "matrix").mkdir()
    (repository / "matrix" / "mine").write_text("mine")
    code, error = bring(DATA / "matrix.mar")
    assert code == 2
    assert "matrix" in error
    assert (repository / "matrix" / "mine").read_text() == "mine"
    assert sorted(p.name for p in repository.parent.iterdir()) == ["model_repository"]


def test_a_dry_run_writes_nothing_and_shows_the_files(repository, capsys):
    assert run(["import", "torchserve", str(DATA / "matrix.mar"), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "would be imported" in shown
    assert "settings.json" in shown
    assert ".tk-stage" not in shown
    assert list(repository.iterdir()) == []
    assert sorted(p.name for p in repository.parent.iterdir()) == ["model_repository"]


def _harmful(kind: str) -> dict[str, bytes]:
    return {
        "up": {"../evil.py": b""},
        "deep": {"a/../../evil.py": b""},
        "absolute": {"/tmp/evil.py": b""},
        "windows": {"..\\evil.py": b""},
        "control": {"a\x1b[31m.py": b""},
        "both": {"a": b"", "a/b": b""},
        "bomb": {"zeros": b"\0" * 80_000_000},
    }[kind]


@pytest.mark.parametrize("kind", ["up", "deep", "absolute", "windows", "control", "both", "bomb"])
def test_nothing_of_an_archive_leaves_its_place_or_fills_the_disk(bring, repository, tmp_path, kind):
    archive = mar(tmp_path / "m.mar", {}, {"handler.py": HANDLER, **_harmful(kind)})
    code, error = bring(archive)
    assert code == 2
    assert "m.mar" in error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.mar", "model_repository"]
    assert list(repository.iterdir()) == []


def test_links_are_refused_in_a_zip_and_in_a_tar(tmp_path):
    link = zipfile.ZipInfo("secret")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.mar", "w") as out:
        out.writestr(link, "/etc/passwd")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        with tarfile.open(tmp_path / f"{kind.decode()}.tar.gz", "w:gz") as out:
            entry = tarfile.TarInfo("secret")
            entry.type, entry.linkname = kind, "/etc/passwd"
            out.addfile(entry)
    for archive in [tmp_path / "a.mar", *tmp_path.glob("*.tar.gz")]:
        target = tmp_path / f"{archive.name}.out"
        target.mkdir()
        with pytest.raises(UsageError, match="link or a device"):
            unpack(archive, target)
        assert list(target.iterdir()) == []


def test_a_tar_bomb_and_a_member_twice_are_refused(tmp_path):
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as out:
        entry = tarfile.TarInfo("zeros")
        entry.size = 80_000_000
        out.addfile(entry, io.BytesIO(b"\0" * entry.size))
    with tarfile.open(tmp_path / "twice.tar.gz", "w:gz") as out:
        for _ in range(2):
            out.addfile(tarfile.TarInfo("one"), io.BytesIO())
    for name, said in (("bomb", "expands"), ("twice", "twice")):
        (tmp_path / name).mkdir()
        with pytest.raises(UsageError, match=said):
            unpack(tmp_path / f"{name}.tar.gz", tmp_path / name)


def test_what_a_tar_keeps_beside_its_files_is_bounded_too(tmp_path):
    with tarfile.open(tmp_path / "names.tar.gz", "w:gz") as out:
        entry = tarfile.TarInfo("x")
        entry.type, entry.size = tarfile.XHDTYPE, 64_000_000
        out.addfile(entry, io.BytesIO(b"\0" * entry.size))
    (tmp_path / "names").mkdir()
    with pytest.raises(UsageError, match="expands"):
        unpack(tmp_path / "names.tar.gz", tmp_path / "names", free=1 << 20)


def test_more_entries_than_any_model_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("triton_kit.convert.unpack.MOST_MEMBERS", 50)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as out:
        for i in range(60):
            entry = tarfile.TarInfo(f"d{i}")
            entry.type = tarfile.DIRTYPE
            out.addfile(entry)
    with zipfile.ZipFile(tmp_path / "a.mar", "w") as zipped:
        for i in range(60):
            zipped.writestr(f"f{i}", "")
    for archive in ("a.tar.gz", "a.mar"):
        (tmp_path / f"{archive}.out").mkdir()
        with pytest.raises(UsageError, match="more than 50 entries"):
            unpack(tmp_path / archive, tmp_path / f"{archive}.out")


@pytest.mark.parametrize(
    "manifest",
    [None, "", "[]", "{}", '{"model": 3}', '{"model": {}, "runtime": "LSP"}', "[" * 100_000, "\udc80"],
)
def test_a_manifest_that_is_none_is_refused_with_a_word(bring, repository, tmp_path, manifest):
    if manifest == "\udc80":
        archive = mar(tmp_path / "m.mar", None, {MANIFEST: b"\x80"})
    else:
        archive = mar(tmp_path / "m.mar", manifest, {"handler.py": HANDLER})
    code, error = bring(archive)
    assert code == 2
    assert "Traceback" not in error
    assert list(repository.iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "members", "said"),
    [
        ({"modelName": "../x"}, {"handler.py": HANDLER}, "x"),
        ({"handler": "gone.py"}, {}, "gone.py"),
        ({"handler": ""}, {}, "handler"),
        ({"handler": 3}, {}, "handler"),
        ({"serializedFile": "gone.pt"}, {"handler.py": HANDLER}, "gone.pt"),
        ({"configFile": "c.yaml"}, {"handler.py": HANDLER, "c.yaml": b"batchSize: many\n"}, "batchSize"),
        ({"configFile": "c.yaml"}, {"handler.py": HANDLER, "c.yaml": b"batchSize: -1\n"}, "batchSize"),
        ({"configFile": "c.yaml"}, {"handler.py": HANDLER, "c.yaml": b"{a: [\n"}, "c.yaml"),
        ({"configFile": "c.yaml"}, {"handler.py": HANDLER, "c.yaml": b"a: !!python/object/apply:os.abort []\n"}, ""),
    ],
)
def test_a_manifest_that_lies_is_refused_with_a_word(bring, repository, tmp_path, manifest, members, said):
    code, error = bring(mar(tmp_path / "m.mar", manifest, members))
    assert (code, said in str(error)) in {(2, True), (3, True)}
    assert list(repository.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 1, 100, 700, 1500])
def test_an_archive_that_is_cut_or_none_is_refused_with_a_word(bring, repository, tmp_path, cut):
    (tmp_path / "m.mar").write_bytes((DATA / "matrix.mar").read_bytes()[:cut])
    code, error = bring(tmp_path / "m.mar")
    assert code in (2, 3)
    assert "Traceback" not in error
    (tmp_path / "n.mar").write_bytes(os.urandom(max(cut, 1)))
    assert bring(tmp_path / "n.mar")[0] in (2, 3)
    assert list(repository.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{"1": "b", "0": "a"}', "a\nb\n"),
        ('["a", "b c\\nd"]', "a\nb c d\n"),
        ('{"object_type_names": ["a"]}', "a\n"),
        ('{"0": "a", "2": "c"}', "a\n\nc\n"),
        ('{"9999999": "far"}', None),
        ('{"one": "a"}', None),
        ("no json", None),
        ("{}", None),
    ],
)
def test_labels_are_read_as_handlers_read_them(bring, repository, tmp_path, text, labels):
    model = zipfile.ZipFile(DATA / "flowers.mar").read("flowers.pt")
    members = {"m.pt": model, "index_to_name.json": text.encode()}
    archive = mar(tmp_path / "m.mar", {"handler": "base_handler", "serializedFile": "m.pt"}, members)
    code, report = bring(archive, "--input", "x:FP32:3,8,8", "--output", "OUTPUT__0:FP32:-1")
    assert code == 0
    file = repository / "m" / "labels.txt"
    assert (file.read_text() if file.exists() else None) == labels
    assert "index_to_name.json" in items(report)


def test_properties_are_read_as_java_reads_them():
    text = "# c\n! c\n a = 1 \nb:2\nc=x\\\n   y\\\n#z\n\nd=e=f\n=g\n"
    assert read_properties(text) == {"a": "1", "b": "2", "c": "xy#z", "d": "e=f"}


def test_packages_are_told_without_running_anything():
    source = "import os, torch.nn\nfrom PIL import Image\nfrom ts.torch_handler import x\nfrom . import y\nimport own\n"
    assert packages_of([source, "not python ("], ["own"]) == ["pillow", "torch", "torchserve"]


def test_the_archives_are_those_that_the_archiver_makes(tmp_path):
    for name in ("torch", "model_archiver"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed here")
    maker = Path(__file__).parent / "make_archives.py"
    subprocess.run([sys.executable, str(maker), str(tmp_path)], check=True, capture_output=True)
    for name in ("matrix.mar", "flowers.mar"):
        with zipfile.ZipFile(DATA / name) as kept, zipfile.ZipFile(tmp_path / name) as new:
            assert kept.namelist() == new.namelist()
            same = [n for n in kept.namelist() if n.endswith((".py", ".json", ".yaml")) and n != MANIFEST]
            assert [kept.read(n) for n in same] == [new.read(n) for n in same]
