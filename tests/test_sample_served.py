"""The sample repository on a running server: its models answer right, alone, in batches and in each version."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import ROOT
from test_sample_files import encoded, load, noisy

from triton_kit.client import Client, Inference, ServerError, connect
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.ports import choose
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def served(sample: Path, embedded: LocalRuntime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    models = tmp_path_factory.mktemp("sample") / "models"
    shutil.copytree(sample, models, ignore=shutil.ignore_patterns("__pycache__"))
    http, grpc, metrics = choose("127.0.0.1", 0, 0, 0)
    spec = ServerSpec(repository=models, release="24.10", http_port=http, grpc_port=grpc, metrics_port=metrics)
    with running(embedded, spec) as (server, snapshot):
        assert snapshot.ready, snapshot.failed
        with connect(server.endpoints.http, timeout=60) as client:
            yield client


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load(ROOT / "scripts" / "train_sample.py")


def images(*data: bytes) -> np.ndarray:
    return np.array([[d] for d in data], dtype=object)


def scores(client: Client, *data: bytes) -> np.ndarray:
    return client.infer(Inference(model="digits", inputs={"image": images(*data)})).outputs["scores"]


def classify(client: Client, pixels: np.ndarray) -> np.ndarray:
    return client.infer(Inference(model="digit_classifier", inputs={"pixels": pixels})).outputs["scores"]


def embed(client: Client, pixels: np.ndarray, version: str = "") -> np.ndarray:
    request = Inference(model="digit_embedding", inputs={"pixels": pixels}, version=version)
    return client.infer(request).outputs["embedding"]


def in_batches(values: list, size: int = 32) -> list:
    return [values[i : i + size] for i in range(0, len(values), size)]


@pytest.mark.parametrize(("name", "digit"), [("digit.png", 7), ("digit-2.png", 2), ("digit-5.png", 5)])
def test_each_sample_picture_is_read_right(served: Client, sample: Path, name: str, digit: int) -> None:
    (found,) = scores(served, (sample / name).read_bytes())
    assert found.argmax() == digit
    assert found.sum() == pytest.approx(1, abs=1e-5)


def test_pictures_of_all_held_out_digits_are_read_right_by_the_ensemble(served: Client, script: ModuleType) -> None:
    _, held_out = script.dataset()
    pictures = [script.png(script.draw(image)) for image in held_out.images]
    found = np.concatenate([scores(served, *batch).argmax(axis=1) for batch in in_batches(pictures)])
    assert len(found) == 450
    assert (found == held_out.labels).mean() >= 0.93


def test_all_held_out_digits_are_read_right_by_the_classifier(served: Client, script: ModuleType) -> None:
    _, held_out = script.dataset()
    pixels = held_out.images.astype(np.float32)[:, None]
    found = np.concatenate([classify(served, np.stack(batch)).argmax(axis=1) for batch in in_batches(list(pixels))])
    assert (found == held_out.labels).mean() >= 0.95


def test_a_batch_answers_as_its_members_do_one_by_one(served: Client, sample: Path) -> None:
    data = [(sample / name).read_bytes() for name in ("digit.png", "digit-2.png", "digit-5.png")]
    together = scores(served, *data)
    np.testing.assert_allclose(together, np.concatenate([scores(served, one) for one in data]), atol=1e-5)


def test_the_classes_come_with_their_labels(served: Client, sample: Path) -> None:
    for model, inputs in (
        ("digits", {"image": images((sample / "digit.png").read_bytes())}),
        ("digit_classifier", {"pixels": np.zeros((1, 1, 8, 8), np.float32)}),
    ):
        request = Inference(model=model, inputs=inputs, outputs=("scores",), classes={"scores": 3})
        best = served.infer(request).outputs["scores"].ravel()
        assert len(best) == 3
        for text in best:
            _, index, label = text.decode().split(":")
            assert index == label


def test_both_versions_of_the_embedding_answer_and_differ_and_the_second_is_better(
    served: Client, script: ModuleType
) -> None:
    training, held_out = script.dataset()
    right = []
    for version in ("1", "2"):
        vectors = [
            np.concatenate(
                [
                    embed(served, np.stack(batch), version)
                    for batch in in_batches(list(digits.images.astype(np.float32)[:, None]), 64)
                ]
            )
            for digits in (training, held_out)
        ]
        means = np.stack([vectors[0][training.labels == digit].mean(axis=0) for digit in range(10)])
        nearest = ((vectors[1][:, None] - means[None]) ** 2).sum(axis=2).argmin(axis=1)
        right.append((nearest == held_out.labels).mean())
    assert 0.8 <= right[0] < right[1]
    one = held_out.images[:1].astype(np.float32)[:, None]
    assert not np.allclose(embed(served, one, "1"), embed(served, one, "2"))
    np.testing.assert_array_equal(embed(served, one), embed(served, one, "2"))


@pytest.mark.parametrize("model", ["digit_preprocessing", "digits"])
def test_bad_bytes_answer_an_error_and_the_next_request_works(served: Client, sample: Path, model: str) -> None:
    good = (sample / "digit.png").read_bytes()
    for bad in (b"", b"not an image", good[:800]):
        with pytest.raises(ServerError, match="image"):
            served.infer(Inference(model=model, inputs={"image": images(bad)}))
        assert scores(served, good).argmax() == 7


def test_of_requests_that_run_together_only_the_bad_one_fails(served: Client, sample: Path) -> None:
    from triton_kit.client import infer_many

    good = (sample / "digit.png").read_bytes()
    data = [good if i % 3 else b"bad" for i in range(60)]
    requests = [Inference(model="digits", inputs={"image": images(d)}) for d in data]
    outcomes = sorted(infer_many(served, requests, in_flight=16), key=lambda outcome: outcome.index)
    for sent, outcome in zip(data, outcomes, strict=True):
        if sent is good:
            assert outcome.result is not None
            assert outcome.result.outputs["scores"].argmax() == 7
        else:
            assert outcome.error is not None


def test_a_bad_image_in_a_batch_is_named(served: Client, sample: Path) -> None:
    good = (sample / "digit.png").read_bytes()
    with pytest.raises(ServerError, match="image 2 of 3"):
        scores(served, good, b"bad", good)


def test_an_image_without_a_digit_still_gets_an_answer(served: Client) -> None:
    (found,) = scores(served, encoded(noisy("RGB")))
    assert np.isfinite(found).all()
