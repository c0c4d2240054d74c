"""Make the models and pictures of sample_repository/ out of scikit-learn's digits dataset.

    python scripts/train_sample.py            write them
    python scripts/train_sample.py --check    compare them with what this script would write; exit code 1 if they differ

Training is NumPy in double precision, from a seeded generator whose stream NumPy has frozen, and what the order of a
sum could change is rounded away at each step, so another machine arrives at the same bytes. ``--check`` asks for equal
bytes; where they differ (another zlib, or a rounding that fell to the other side), it accepts an equal graph with
weights no more than two steps of the grid away, and pictures with equal pixels. A run takes about ten seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

Array = np.ndarray

REPOSITORY = Path(__file__).resolve().parent.parent / "sample_repository"
TRAINING = 1347
"""The first three quarters of the dataset, in its order, are for training; the last 450 digits are held out."""
GRID = 2.0**-12
"""The models' weights are multiples of this."""
NOISE = 2.0**-20
"""Slopes are rounded to multiples of this at each step. The rounding errors of sums depend on the BLAS and on the
processor, and training would amplify them until other weights came out."""
PICTURES = {"digit.png": 1395, "digit-2.png": 1362, "digit-5.png": 1404}
"""Held-out digits that the repository shows, by their place in the dataset."""
EPOCHS = 14
BATCH = 64
DOUBT = 0.02


class Digits(NamedTuple):
    """Images, FP64 [n, 8, 8] from 0 for paper to 16 for ink, and the digit that each of them shows, [n]."""

    images: Array
    labels: Array


def dataset() -> tuple[Digits, Digits]:
    """The digits for training, and those held out."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images, labels = bunch.images.astype(np.float64), bunch.target.astype(np.int64)
    return Digits(images[:TRAINING], labels[:TRAINING]), Digits(images[TRAINING:], labels[TRAINING:])


def preprocessing() -> ModuleType:
    """The module that the server uses to read pictures: training sees what serving will see."""
    path = REPOSITORY / "digit_preprocessing" / "1" / "picture.py"
    spec = importlib.util.spec_from_file_location("sample_picture", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = keep
    return module


# --- pictures -------------------------------------------------------------------------------------------------------


def draw(image: Array, *, size: int = 64, margin: int = 16) -> Array:
    """One image of the dataset as a picture, dark on white: uint8 [size + 2 margin, size + 2 margin]."""
    smooth = _stretch(size) @ image @ _stretch(size).T
    ink = np.pad(np.clip(smooth / 16.0, 0.0, 1.0), margin)
    return np.rint(255.0 * (1.0 - ink)).astype(np.uint8)


def _stretch(size: int) -> Array:
    """The cubic interpolation (Catmull and Rom's) that stretches 8 samples to ``size``: [size, 8]."""
    at = (np.arange(size)[:, None] + 0.5) * 8 / size - 0.5
    away = np.abs(at - np.arange(8)[None, :])
    near, far = 1.5 * away**3 - 2.5 * away**2 + 1, -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0.0))
    return weights / weights.sum(axis=1, keepdims=True)


def png(picture: Array) -> bytes:
    """A grey picture, uint8 [height, width], as a PNG file."""
    height, width = picture.shape
    lines = np.pad(picture, ((0, 0), (1, 0))).tobytes()
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    parts = (struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# --- what the network is trained on -----------------------------------------------------------------------------------


def drawn(digits: Digits, picture: ModuleType, random: np.random.RandomState | None = None) -> Digits:
    """The digits drawn as pictures and read back; with ``random``, each a little turned, slanted and stretched."""
    seen = [draw(image, size=48, margin=8) / 255.0 for image in digits.images]
    strokes = [1.0 - (s if random is None else _bend(s, random)) for s in seen]
    images = np.stack([picture.frame(s) for s in strokes]).astype(np.float64)
    return Digits(coarse(images, 1 / 64), digits.labels)


def _bend(drawing: Array, random: np.random.RandomState) -> Array:
    """The drawing as another hand might have it."""
    turn, slant = random.uniform(-0.17, 0.17), random.uniform(-0.15, 0.15)
    tall, wide = random.uniform(0.9, 1.1, size=2)
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1 / tall, 0.0], [slant, 1 / wide]])
    size = drawing.shape[0]
    middle = (size - 1) / 2
    y, x = np.tensordot(matrix, np.indices(drawing.shape) - middle, axes=1) + middle
    y, x = np.clip(y, 0, size - 1.001), np.clip(x, 0, size - 1.001)
    top, left = y.astype(int), x.astype(int)
    down, across = y - top, x - left
    upper = drawing[top, left] * (1 - across) + drawing[top, left + 1] * across
    lower = drawing[top + 1, left] * (1 - across) + drawing[top + 1, left + 1] * across
    return upper * (1 - down) + lower * down


def coarse(values: Array, step: float) -> Array:
    """The nearest multiples of ``step``, without a negative zero."""
    return np.rint(values / step) * step + 0.0


# --- the classifier ---------------------------------------------------------------------------------------------------


class Network(NamedTuple):
    """Two convolutions of 3 x 3, each followed by the largest of 2 x 2, and two dense layers."""

    conv1: Array  # [16, 1, 3, 3]
    bias1: Array
    conv2: Array  # [32, 16, 3, 3]
    bias2: Array
    dense1: Array  # [48, 128]
    bias3: Array
    dense2: Array  # [10, 48]
    bias4: Array


def fresh(random: np.random.RandomState) -> Network:
    """Weights to start from (He's initialization)."""
    shapes = ((16, 1, 3, 3), (32, 16, 3, 3), (48, 128), (10, 48))
    layers: list[Array] = []
    for shape in shapes:
        layers += [random.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[1:])), np.zeros(shape[0])]
    return Network(*layers)


def train(digits: Digits, random: np.random.RandomState) -> Network:
    """Stochastic gradient descent with momentum, the step size falling like a cosine to zero."""
    weights = [w.copy() for w in fresh(random)]
    speed = [np.zeros_like(w) for w in weights]
    steps, step = EPOCHS * (len(digits.labels) // BATCH), 0
    while step < steps:
        order = random.permutation(len(digits.labels))
        for chosen in order[: len(order) // BATCH * BATCH].reshape(-1, BATCH):
            slopes = gradient(Network(*weights), digits.images[chosen, None] / 16.0, digits.labels[chosen])
            rate = coarse(0.05 * (1 + np.cos(np.pi * step / steps)) / 2, NOISE)
            for w, v, slope in zip(weights, speed, slopes, strict=True):
                v *= 0.9
                v -= rate * (coarse(slope, NOISE) + 1e-4 * w)
                w += v
            step += 1
    return Network(*weights)


def gradient(net: Network, x: Array, labels: Array) -> Network:
    """How the mean cross entropy changes with each weight. ``x`` is [n, 1, 8, 8] from 0 to 1."""
    n = len(x)
    conv1, unconv1 = convolve(x, net.conv1, net.bias1)
    pool1, unpool1 = pool(np.maximum(conv1, 0.0))
    conv2, unconv2 = convolve(pool1, net.conv2, net.bias2)
    pool2, unpool2 = pool(np.maximum(conv2, 0.0))
    flat = pool2.reshape(n, -1)
    hidden = np.maximum(flat @ net.dense1.T + net.bias3, 0.0)
    scores = softmax(hidden @ net.dense2.T + net.bias4)

    # A little doubt in the goal (label smoothing) keeps the network from being surer than it is right.
    goal = np.full_like(scores, DOUBT / 10)
    goal[np.arange(n), labels] += 1.0 - DOUBT
    d_scores = (scores - goal) / n
    d_hidden = (d_scores @ net.dense2) * (hidden > 0)
    d_conv2 = unpool2((d_hidden @ net.dense1).reshape(pool2.shape)) * (conv2 > 0)
    d_pool1, d_weight2 = unconv2(d_conv2)
    d_conv1 = unpool1(d_pool1) * (conv1 > 0)
    _, d_weight1 = unconv1(d_conv1)
    return Network(
        conv1=d_weight1,
        bias1=d_conv1.sum(axis=(0, 2, 3)),
        conv2=d_weight2,
        bias2=d_conv2.sum(axis=(0, 2, 3)),
        dense1=d_hidden.T @ flat,
        bias3=d_hidden.sum(axis=0),
        dense2=d_scores.T @ hidden,
        bias4=d_scores.sum(axis=0),
    )


def convolve(x: Array, weight: Array, bias: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """A 3 x 3 convolution that keeps the size; and the way back, from its output's slope to those of x and weight."""
    n, channels, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * height * width, channels * 9)
    flat = weight.reshape(len(weight), -1)
    y = (columns @ flat.T + bias).reshape(n, height, width, -1).transpose(0, 3, 1, 2)

    def back(slope: Array) -> tuple[Array, Array]:
        rows = slope.transpose(0, 2, 3, 1).reshape(n * height * width, -1)
        patches = (rows @ flat).reshape(n, height, width, channels, 3, 3).transpose(4, 5, 0, 3, 1, 2)
        d_padded = np.zeros_like(padded)
        for i in range(3):
            for j in range(3):
                d_padded[:, :, i : i + height, j : j + width] += patches[i, j]
        return d_padded[:, :, 1:-1, 1:-1], (rows.T @ columns).reshape(weight.shape)

    return y, back


def pool(x: Array) -> tuple[Array, Callable[[Array], Array]]:
    """The largest of each 2 x 2; and the way back, to the first of the largest."""
    n, channels, height, width = x.shape
    blocks = x.reshape(n, channels, height // 2, 2, width // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    blocks = blocks.reshape(n, channels, height // 2, width // 2, 4)
    best = blocks.argmax(axis=-1)[..., None]

    def back(slope: Array) -> Array:
        spread = np.zeros_like(blocks)
        np.put_along_axis(spread, best, slope[..., None], axis=-1)
        spread = spread.reshape(n, channels, height // 2, width // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5)
        return spread.reshape(x.shape)

    return np.take_along_axis(blocks, best, axis=-1)[..., 0], back


def softmax(logits: Array) -> Array:
    """Probabilities out of logits, row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# --- the embeddings ---------------------------------------------------------------------------------------------------


def principal_components(digits: Digits) -> tuple[Array, Array]:
    """The projection [8, 64] on the eight directions in which the digits vary most, and its offset [8]."""
    flat = digits.images.reshape(-1, 64) / 16.0
    mean = flat.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(flat.T))
    return _project(vectors[:, :-9:-1].T, mean)


def discriminant_analysis(digits: Digits) -> tuple[Array, Array]:
    """The projection [8, 64] on the eight directions that best tell the ten digits apart (Fisher's), and its offset."""
    flat = digits.images.reshape(-1, 64) / 16.0
    means = np.stack([flat[digits.labels == digit].mean(axis=0) for digit in range(10)])
    within = np.cov((flat - means[digits.labels]).T) + 1e-2 * np.eye(64)  # some pixels never change
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(values) @ vectors.T
    _, directions = np.linalg.eigh(whiten @ np.cov(means.T) @ whiten)
    return _project(directions[:, :-9:-1].T @ whiten, flat.mean(axis=0))


def _project(rows: Array, mean: Array) -> tuple[Array, Array]:
    """Rows with a definite sign, which eigenvectors lack: the largest entry is positive."""
    largest = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
    rows = rows * np.sign(largest)[:, None]
    return rows, -rows @ mean


# --- ONNX -------------------------------------------------------------------------------------------------------------


def classifier_onnx(net: Network) -> bytes:
    """The network as an ONNX model: pixels FP32 [batch, 1, 8, 8] -> scores FP32 [batch, 10]."""
    from onnx import helper

    # Pixels come as 0 to 16. A sixteenth is exact in binary, so the first layer takes it over.
    weights = {name: grid(w) for name, w in net._asdict().items()}
    weights["conv1"] = weights["conv1"] / np.float32(16)
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    halve = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Conv", ["pixels", "conv1", "bias1"], ["c1"], name="conv1", **same),
        helper.make_node("Relu", ["c1"], ["r1"], name="relu1"),
        helper.make_node("MaxPool", ["r1"], ["p1"], name="pool1", **halve),
        helper.make_node("Conv", ["p1", "conv2", "bias2"], ["c2"], name="conv2", **same),
        helper.make_node("Relu", ["c2"], ["r2"], name="relu2"),
        helper.make_node("MaxPool", ["r2"], ["p2"], name="pool2", **halve),
        helper.make_node("Flatten", ["p2"], ["flat"], name="flatten", axis=1),
        helper.make_node("Gemm", ["flat", "dense1", "bias3"], ["d1"], name="dense1", transB=1),
        helper.make_node("Relu", ["d1"], ["hidden"], name="relu3"),
        helper.make_node("Gemm", ["hidden", "dense2", "bias4"], ["logits"], name="dense2", transB=1),
        helper.make_node("Softmax", ["logits"], ["scores"], name="softmax", axis=1),
    ]
    return _model("digit_classifier", nodes, weights, "scores", 10, "Which digit do 8 x 8 pixels show?")


def embedding_onnx(projection: Array, offset: Array, doc: str) -> bytes:
    """A projection as an ONNX model: pixels FP32 [batch, 1, 8, 8] -> embedding FP32 [batch, 8]."""
    from onnx import helper

    weights = {"projection": grid(projection) / np.float32(16), "offset": grid(offset)}
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], name="flatten", axis=1),
        helper.make_node("Gemm", ["flat", "projection", "offset"], ["embedding"], name="project", transB=1),
    ]
    return _model("digit_embedding", nodes, weights, "embedding", 8, doc)


def grid(weight: Array) -> Array:
    """FP32 on the grid that swallows rounding errors."""
    return coarse(weight, GRID).astype(np.float32)


def _model(name: str, nodes: list, weights: dict[str, Array], output: str, width: int, doc: str) -> bytes:
    """An ONNX model that ONNX Runtime from 1.14 on can load, checked."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", width])],
        [numpy_helper.from_array(w, key) for key, w in weights.items()],
    )
    model = helper.make_model(
        graph,
        producer_name="triton-kit scripts/train_sample.py",
        doc_string=f"{doc} Generated by scripts/train_sample.py from scikit-learn's digits.",
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


# --- the files --------------------------------------------------------------------------------------------------------


def build() -> dict[str, bytes]:
    """All generated files, by their path in the repository."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    # The matrices are small: more threads would only wait for one another, and sum up in another order.
    with threadpool_limits(1):
        return _build()


def _build() -> dict[str, bytes]:
    training, _ = dataset()
    picture, random = preprocessing(), np.random.RandomState(1998)
    more = [drawn(training, picture), drawn(training, picture, random), drawn(training, picture, random)]
    seen = Digits(
        np.concatenate([d.images for d in (training, *more)]), np.concatenate([d.labels for d in (training, *more)])
    )
    net = train(seen, random)
    first, second = principal_components(training), discriminant_analysis(training)
    labels = "".join(f"{digit}\n" for digit in range(10)).encode()
    files = {
        "digit_classifier/1/model.onnx": classifier_onnx(net),
        "digit_classifier/labels.txt": labels,
        "digits/labels.txt": labels,
        "digit_embedding/1/model.onnx": embedding_onnx(*first, "Principal components of 8 x 8 pixels."),
        "digit_embedding/2/model.onnx": embedding_onnx(*second, "Discriminant analysis of 8 x 8 pixels."),
    }
    images = np.concatenate([digits.images for digits in dataset()])
    return files | {name: png(draw(images[index])) for name, index in PICTURES.items()}


def difference(name: str, old: bytes, new: bytes) -> str | None:
    """What is different, or None: equal bytes, or equal but for the last bit (see the top of this file)."""
    if old == new:
        return None
    if name.endswith(".onnx"):
        return _model_difference(old, new)
    if name.endswith(".png"):
        decode = preprocessing().decode
        return None if np.array_equal(decode(old), decode(new)) else "other pixels"
    return "other text"


def _model_difference(old: bytes, new: bytes) -> str | None:
    import onnx
    from onnx import numpy_helper

    before, after = onnx.load(io.BytesIO(old)), onnx.load(io.BytesIO(new))
    weights = [{w.name: numpy_helper.to_array(w) for w in m.graph.initializer} for m in (before, after)]
    for model in (before, after):
        del model.graph.initializer[:]
    if before != after or [*weights[0]] != [*weights[1]]:
        return "another graph"
    for key, weight in weights[0].items():
        other = weights[1][key]
        if weight.shape != other.shape or weight.dtype != other.dtype:
            return f"another shape of {key}"
        if not np.allclose(weight, other, rtol=0.0, atol=2 * GRID):
            return f"other weights in {key}, by up to {np.abs(weight - other).max():.2g}"
    return None


def main() -> int:
    """Write the files, or with --check compare them."""
    parser = argparse.ArgumentParser(description="Make the generated files of sample_repository/.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit code 1 if they differ")
    check = parser.parse_args().check
    wrong = 0
    for name, new in build().items():
        path = REPOSITORY / name
        if check:
            found = difference(name, path.read_bytes(), new) if path.exists() else "missing"
            print(f"{name}: {found or 'as generated'}")
            wrong += found is not None
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(new)
            print(f"{name}: {len(new):,} bytes")
    if wrong:
        print("Run: python scripts/train_sample.py", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
