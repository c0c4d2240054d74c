"""Stand-ins for the libraries of CUDA and TensorRT: ONNX Runtime's provider loads with them, and lists its kernels.

Every function that the providers need is there and does nothing, so this works without a GPU and without a driver.
Needs gcc, readelf and strings.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_TELLING = {
    "cudaGetDeviceCount": "int cudaGetDeviceCount(int *n) { *n = 1; return 0; }",
    "cudaGetDevice": "int cudaGetDevice(int *n) { *n = 0; return 0; }",
    "cudaMemGetInfo": "int cudaMemGetInfo(unsigned long *a, unsigned long *b) { *a = *b = 1ul << 33; return 0; }",
    "cudaGetErrorString": 'const char *cudaGetErrorString(int e) { return ""; }',
    "cudaRuntimeGetVersion": "int cudaRuntimeGetVersion(int *n) { *n = 12040; return 0; }",
    "cudaDriverGetVersion": "int cudaDriverGetVersion(int *n) { *n = 12040; return 0; }",
}
"""The functions whose results are looked at while the provider is made."""

_TENSORRT = """
static long zero(void) { return 0; }
static void *methods[200], *object[1];
static void *made(void) { for (int i = 0; i < 200; i++) methods[i] = (void *)zero; object[0] = methods; return object; }
void *getPluginRegistry(void) { return made(); }
void *createInferBuilder_INTERNAL(void) { return made(); }
void *createInferRuntime_INTERNAL(void) { return made(); }
void *createInferRefitter_INTERNAL(void) { return made(); }
void *createNvOnnxParser_INTERNAL(void) { return made(); }
void *createNvOnnxParserRefitter_INTERNAL(void) { return made(); }
int initLibNvInferPlugins(void) { return 1; }
int getInferLibVersion(void) { return 100300; }
"""
"""Objects whose methods all give 0."""


def make(providers: Path, into: Path) -> None:
    """The stand-ins for what the provider libraries in the directory ``providers`` ask for."""
    into.mkdir(exist_ok=True)
    cuda = providers / "libonnxruntime_providers_cuda.so"
    wanted = dict(_imports(cuda))
    for library in _needed(cuda):
        stem = library.partition(".so")[0].removeprefix("lib")
        starts = ("cuda", "__cuda") if stem == "cudart" else (stem,)
        names = [n for n in wanted if n.startswith(starts) and not (stem == "cublas" and n.startswith("cublasLt"))]
        _compile(into, library, "\n".join(_TELLING.get(n, _nothing(n)) for n in names), {n: wanted[n] for n in names})
    words = subprocess.run(["strings", "-n", "5", cuda], capture_output=True, text=True, check=True).stdout
    _compile(
        into, "libcuda.so.1", "\n".join(_nothing(n) for n in sorted(set(re.findall(r"^cu[A-Z]\w+$", words, re.M))))
    )
    for library in _needed(providers / "libonnxruntime_providers_tensorrt.so"):
        if library.startswith("libnv"):
            _compile(into, library, _TENSORRT)


def _nothing(name: str) -> str:
    return f"long {name}(void) {{ return 0; }}"


def _needed(library: Path) -> list[str]:
    said = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True, check=True).stdout
    return [name for name in re.findall(r"NEEDED.*\[(.*)\]", said) if name.startswith(("libcu", "libnv"))]


def _imports(library: Path) -> list[tuple[str, str]]:
    """The functions that a library takes from others, each with the version that it wants of it, which may be empty."""
    said = subprocess.run(["readelf", "--dyn-syms", "-W", library], capture_output=True, text=True, check=True).stdout
    symbols = re.findall(r" (?:FUNC|NOTYPE|OBJECT) +(?:GLOBAL|WEAK) +DEFAULT +UND (\S+)", said)
    return [(name, version) for name, _, version in (symbol.partition("@") for symbol in symbols)]


def _compile(into: Path, library: str, source: str, versions: dict[str, str] | None = None) -> None:
    code = into / f"{library}.c"
    code.write_text(source + "\n", encoding="utf-8")
    command = ["gcc", "-w", "-shared", "-fPIC", "-o", str(into / library), str(code), f"-Wl,-soname,{library}"]
    by_version: dict[str, list[str]] = {}
    for name, version in (versions or {}).items():
        by_version.setdefault(version, []).append(name)
    if any(by_version):
        script = into / f"{library}.map"
        script.write_text("".join(f"{v} {{ global: {'; '.join(n)}; }};\n" for v, n in by_version.items() if v))
        command.append(f"-Wl,--version-script={script}")
    subprocess.run(command, check=True)
