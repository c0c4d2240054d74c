"""The modules that a model.py imports in any case, and where they may come from."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from triton_kit.signature.python_source import model_class

_NEW = {"zoneinfo": (3, 9), "graphlib": (3, 9), "tomllib": (3, 11)}
_GONE = {"distutils": (3, 12), "imp": (3, 12), "asynchat": (3, 12), "asyncore": (3, 12), "smtpd": (3, 12)}
_GONE |= dict.fromkeys(
    ("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "mailcap", "msilib", "nis", "nntplib",
     "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib", "lib2to3"), (3, 13)
)  # fmt: skip
_ALWAYS = frozenset(sys.stdlib_module_names) - _NEW.keys() - _GONE.keys()

IMAGE = frozenset(
    "numpy pip setuptools wheel pkg_resources _distutils_hack virtualenv distlib filelock platformdirs tritonserver "  # noqa: SIM905
    "tritonfrontend triton_python_backend_utils c_python_backend_utils fastapi starlette httpx openai pydantic "
    "pydantic_core uvicorn anyio sniffio httpcore h11 certifi idna typing_extensions annotated_types distro jiter tqdm "
    "partial_json_parser".split()
)
"""What the official image has, or may have in some releases (server build.py, python/openai/requirements.txt)."""

PACKAGES = {
    "torch": "torch", "torchvision": "torchvision", "torchaudio": "torchaudio", "transformers": "transformers",
    "tokenizers": "tokenizers", "sentence_transformers": "sentence-transformers", "diffusers": "diffusers",
    "accelerate": "accelerate", "datasets": "datasets", "huggingface_hub": "huggingface-hub", "peft": "peft",
    "safetensors": "safetensors", "timm": "timm", "einops": "einops", "vllm": "vllm", "sentencepiece": "sentencepiece",
    "tensorflow": "tensorflow", "keras": "keras", "jax": "jax", "onnx": "onnx", "onnxruntime": "onnxruntime",
    "openvino": "openvino", "tensorrt": "tensorrt", "pycuda": "pycuda", "cupy": "cupy", "numba": "numba",
    "cv2": "opencv-python-headless", "PIL": "pillow", "skimage": "scikit-image", "imageio": "imageio",
    "albumentations": "albumentations", "ultralytics": "ultralytics", "sklearn": "scikit-learn", "scipy": "scipy",
    "pandas": "pandas", "polars": "polars", "pyarrow": "pyarrow", "joblib": "joblib", "xgboost": "xgboost",
    "lightgbm": "lightgbm", "catboost": "catboost", "statsmodels": "statsmodels", "matplotlib": "matplotlib",
    "librosa": "librosa", "soundfile": "soundfile", "whisper": "openai-whisper", "nltk": "nltk", "spacy": "spacy",
    "gensim": "gensim", "yaml": "pyyaml", "requests": "requests", "aiohttp": "aiohttp", "boto3": "boto3",
    "botocore": "botocore", "redis": "redis", "pymongo": "pymongo", "psycopg2": "psycopg2-binary",
    "sqlalchemy": "sqlalchemy", "google": "google-cloud-storage", "grpc": "grpcio", "tritonclient": "tritonclient[all]",
    "loguru": "loguru", "dotenv": "python-dotenv", "omegaconf": "omegaconf", "hydra": "hydra-core", "jinja2": "jinja2",
    "prometheus_client": "prometheus-client", "opentelemetry": "opentelemetry-sdk", "attr": "attrs", "attrs": "attrs",
    "dateutil": "python-dateutil", "pytz": "pytz", "psutil": "psutil", "orjson": "orjson", "msgpack": "msgpack",
    "regex": "regex", "ftfy": "ftfy", "shapely": "shapely", "networkx": "networkx", "faiss": "faiss-cpu",
    "h5py": "h5py", "nvidia": "nvidia-dali-cuda120", "mlflow": "mlflow", "langchain": "langchain",
    "tiktoken": "tiktoken", "typer": "typer", "click": "click", "rich": "rich", "six": "six", "packaging": "packaging",
    "ray": "ray", "lightning": "lightning", "pytorch_lightning": "pytorch-lightning", "mmcv": "mmcv",
    "detectron2": "detectron2", "easyocr": "easyocr", "paddle": "paddlepaddle", "pytesseract": "pytesseract",
    "bs4": "beautifulsoup4",
    "tensorrt_llm": "tensorrt-llm", "cudf": "cudf-cu12", "cuml": "cuml-cu12", "nvtabular": "nvtabular",
    "merlin": "merlin-core", "ctranslate2": "ctranslate2", "faster_whisper": "faster-whisper", "av": "av",
}  # fmt: skip
"""Packages that are well known and not in the image: the module, and the distribution that has it."""


class Import(NamedTuple):
    """A module that is imported: its name without the dots of a relative import, and how many those are."""

    module: str
    level: int
    node: ast.stmt
    names: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The package or module at the top."""
        return self.module.partition(".")[0]


def imports(tree: ast.Module) -> Iterator[Import]:
    """What is imported whenever the model is loaded: in the module, its classes, and the model's initialize."""
    found = model_class(tree)
    methods = [n for n in found.body if isinstance(n, ast.FunctionDef) and n.name == "initialize"] if found else []
    yield from _imports(tree.body)
    for method in methods:
        yield from _imports(method.body)


def _imports(statements: Iterable[ast.stmt]) -> Iterator[Import]:
    """Imports that nothing guards: neither a condition nor a handler."""
    for node in statements:
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(alias.name, 0, node)
            case ast.ImportFrom():
                yield Import(node.module or "", node.level, node, tuple(alias.name for alias in node.names))
            case ast.ClassDef():
                yield from _imports(node.body)
            case ast.Try(handlers=[]):
                yield from _imports([*node.body, *node.finalbody])


def finds_its_own(tree: ast.Module) -> bool:
    """Whether the code changes where modules are looked for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("path", "modules", "meta_path") and _is_sys(node):
            return True
        if isinstance(node, ast.alias) and node.name.partition(".")[0] in ("importlib", "site"):
            return True
    return False


def _is_sys(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "sys"


def in_standard_library(root: str, python: tuple[int, int] | None) -> bool:
    """Whether that Python has the module; ``None`` for a Python that is not known."""
    if root in _ALWAYS:
        return True
    if python is None:
        return root in _NEW or root in _GONE
    return python >= _NEW[root] if root in _NEW else root in _GONE and python < _GONE[root]


def was_in_standard_library(root: str) -> str:
    """Since or until when Python has a module, in words; empty for any other."""
    if root in _NEW:
        return "new in Python {}.{}".format(*_NEW[root])
    return "not in Python from {}.{} on".format(*_GONE[root]) if root in _GONE else ""
