"""tk, the validator and a real server judge random ensembles alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ensemble_graphs import MEMBERS, Graph, graphs, write_members
from running_server import address, serving

from triton_kit.cli import run
from triton_kit.client import Client, connect
from triton_kit.client.types import Inference
from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.engine import lint
from triton_kit.runtime.local import LocalRuntime

pytestmark = pytest.mark.local

SEED = 20241
COUNT = 60


def test_sixty_random_ensembles_are_judged_alike(
    embedded: LocalRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    repository = tmp_path / "model_repository"
    write_members(repository)
    drawn = graphs(SEED, COUNT, list(MEMBERS))
    added: dict[int, bool] = {}
    said: dict[int, str] = {}
    for i, graph in enumerate(drawn):
        added[i] = run(["add", f"tk{i}", *graph.options()]) == 0
        said[i] = capsys.readouterr().err
        # The same by hand, so that what tk refuses has a judge, too.
        (repository / f"hand{i}" / "1").mkdir(parents=True)
        (repository / f"hand{i}" / "config.pbtxt").write_text(graph.config())
    refused = {d.model for d in lint(repository).diagnostics if d.severity is Severity.ERROR}
    with (
        serving(embedded, repository, *(m.name for m in MEMBERS)) as server,
        connect(address(server, "http"), timeout=60) as client,
    ):
        for i, graph in enumerate(drawn):
            loaded, reason = _load(server.endpoints.http, f"hand{i}")
            told = f"{i}: {graph.defect or 'good'}: {said[i]}\n{reason}\n{graph.options()}\n{graph.config()}"
            assert loaded == (not graph.defect), told
            assert loaded == (f"hand{i}" not in refused), told
            assert loaded == added[i], told
            if added[i]:
                assert f"tk{i}" not in refused, told
                assert _load(server.endpoints.http, f"tk{i}") == (True, ""), told
                _check_answer(client, f"tk{i}", graph)


def _load(url: str, model: str) -> tuple[bool, str]:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(f"{url}/v2/repository/models/{model}/load", data=b"{}", method="POST")
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()
    return True, ""


def _check_answer(client: Client, model: str, graph: Graph) -> None:
    """The answer is what the graph computes by hand."""
    import numpy as np

    metadata = client.metadata(model)
    batch = 2 if client.config(model).max_batch_size else 1
    given: dict[str, Any] = {}
    for tensor in metadata.inputs:
        shape = [
            batch if i == 0 and len(tensor.shape) > 1 and d < 0 else 4 if d < 0 else d
            for i, d in enumerate(tensor.shape)
        ]
        kind = np.float32 if tensor.datatype == "FP32" else np.int32
        given[tensor.name] = np.arange(int(np.prod(shape)), dtype=kind).reshape(shape) + len(given)
    values: dict[tuple[int, str], Any] = {}
    for i, member in enumerate(graph.steps):
        total = sum((given[s] if isinstance(s, str) else values[s]) for (j, _), s in graph.sources.items() if j == i)
        for k, (name, kind_, _) in enumerate(member.outputs):
            signed = total if k == 0 else -total
            values[(i, name)] = np.asarray(signed).astype(np.float32 if kind_ == "FP32" else np.int32)
    answer = client.infer(Inference(model=model, inputs=given)).outputs
    wanted = [v for port, v in values.items() if port not in graph.sources.values()]
    assert len(answer) == len(wanted)
    for value in wanted:
        assert any(value.shape == a.shape and np.array_equal(value, a) for a in answer.values()), (model, value, answer)
