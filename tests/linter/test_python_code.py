"""Where the rules about a Python model's code speak, and where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example

from triton_kit import lint

CLASS = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"


def said(tmp_path: Path, code: str, config: str = "", more: str = "") -> list[str]:
    """The rules about Python that have something to say, with their messages."""
    block = f'backend: "python"\n{config}\n-- 1/model.py\n{code}\n{more}'.rstrip()
    return [f"{d.rule}: {d.message}" for d in lint_example(block, tmp_path / "repository").diagnostics]


@pytest.mark.parametrize(
    "line",
    [
        "import os, json, numpy as np, triton_python_backend_utils as pb_utils",
        "try:\n    import torch, nowhere\nexcept ImportError:\n    torch = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nowhere",
        "def later():\n    import nowhere, torch",
        "import sys\nsys.path.append('/opt/code')\nimport nowhere",
        "from __future__ import annotations",
    ],
    ids=["what the image has", "a handler", "types alone", "a function", "another path", "the future"],
)
def test_imports_that_are_no_problem(line: str, tmp_path: Path) -> None:
    assert said(tmp_path, f"{line}\n{CLASS}") == []


def test_an_environment_may_have_everything(tmp_path: Path) -> None:
    env = 'parameters { key: "EXECUTION_ENV_PATH" value { string_value: "/opt/env" } }'
    assert said(tmp_path, f"import torch, nowhere\n{CLASS}", env) == []


def test_packages_are_named_once_with_their_distributions(tmp_path: Path) -> None:
    (found,) = said(tmp_path, f"import torch\nimport torch.nn\nfrom PIL import Image\nimport cv2\n{CLASS}")
    assert found == "python-packages-needed: 'torch', 'PIL', 'cv2' are not in the official image"


def test_a_module_of_a_newer_python_is_not_in_an_older_image(tmp_path: Path) -> None:
    block = f'-- tk validate --release 24.10\nbackend: "python"\n-- 1/model.py\nimport tomllib\n{CLASS}'
    (found,) = lint_example(block.rstrip(), tmp_path / "repository").diagnostics
    assert found.message == "the module 'tomllib' is new in Python 3.11, and the server of 24.10 has 3.10"


@pytest.mark.parametrize(
    ("signature", "rule"),
    [
        ("initialize(self, args)", ""),
        ("initialize(self, *args)", ""),
        ("initialize(self, args, more=1)", ""),
        ("initialize(self)", "python-initialize-signature"),
        ("initialize(self, args, more)", "python-initialize-signature"),
        ("initialize(self, args, *, more)", "python-initialize-signature"),
        ("execute(self)", "python-method-signature"),
        ("finalize(self)", ""),
        ("finalize(self, args)", "python-method-signature"),
    ],
    ids=lambda text: text.translate(str.maketrans("(),*=", "     ")) or "fine",
)
def test_parameters_are_those_of_the_server_s_call(signature: str, rule: str, tmp_path: Path) -> None:
    own = "" if signature.startswith("execute") else "    def execute(self, requests):\n        return []\n"
    found = said(tmp_path, f"class TritonPythonModel:\n    def {signature}:\n        pass\n{own}")
    assert [one.partition(":")[0] for one in found] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("path", "is_said"),
    [
        ('open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "x.json"))', True),
        ('(Path(__file__).parent / "x.json").read_text()', True),
        ('open(Path(__file__).resolve().parents[1] / "x.json")', True),
        ('open(args["model_repository"] + "/" + args["model_version"] + "/x.json")', True),
        ("open(f\"{args['model_repository']}/{args['model_version']}/x.json\")", True),
        ('open(os.path.join(pb_utils.get_model_dir(), "x.json"))', True),
        ('open(os.path.join(os.path.dirname(__file__), "model.py"))', False),
        ('open(os.path.join(os.path.dirname(__file__), "x.json"), "w")', False),
        ('open("/etc/x.json") or __file__', False),
        ('open(os.path.join(os.environ["WHERE"], __file__, "x.json"))', False),
        ('open(os.path.join(os.path.dirname(__file__), "x.json")) if os.environ else None', False),
    ],
    ids=[
        "os.path", "pathlib", "parents", "arguments", "a formatted text", "the backend's function", "what is there",
        "what is written", "elsewhere", "a place that is unknown", "a condition",
    ],
)  # fmt: skip
def test_files_beside_the_model_are_looked_for(path: str, is_said: bool, tmp_path: Path) -> None:
    head = "import os\nfrom pathlib import Path\nimport triton_python_backend_utils as pb_utils\n"
    found = said(tmp_path, f"{head}{CLASS}    def initialize(self, args):\n        self.x = {path}\n")
    assert [one.partition(":")[0] for one in found] == (["python-opened-file-missing"] if is_said else [])


@pytest.mark.parametrize(
    "body",
    [
        "try:\n            open(WHERE)\n        except OSError:\n            pass",
        "os.makedirs(WHERE)\n        open(WHERE)",
    ],
    ids=["a handler", "code that makes files"],
)
def test_a_file_that_may_be_missing_or_made_is_no_problem(body: str, tmp_path: Path) -> None:
    head = 'import os\nWHERE = os.path.join(os.path.dirname(__file__), "x")\n'
    assert said(tmp_path, f"{head}{CLASS}    def initialize(self, args):\n        {body}\n") == []


def test_what_holds_on_some_paths_only_is_a_warning(tmp_path: Path) -> None:
    code = (
        "import os\nclass TritonPythonModel(object):\n    @staticmethod\n    def auto_complete_config(config):\n"
        "        if os.environ.get('SMALL'):\n            config.set_max_batch_size(2)\n        return config\n"
        "    def execute(self, requests):\n        return []\n"
    )
    block = f'backend: "python"\nmax_batch_size: 4\n-- 1/model.py\n{code}'.rstrip()
    found = lint_example(block, tmp_path / "repository").diagnostics
    (one,) = [d for d in found if d.rule == "python-completion-contradicts"]
    assert str(one.severity) == "warning"
    assert one.message == "max_batch_size 2 is below that of config.pbtxt, 4, if the code comes to this call"


@pytest.mark.parametrize("missing", ["1", "2"])
def test_a_version_without_its_code_does_not_hide_what_is_wrong_with_another(tmp_path: Path, missing: str) -> None:
    code = (
        "import nowhere_to_be_found\n"
        "class TritonPythonModel:\n"
        "    def __init__(self, path): ...\n"
        "    @staticmethod\n"
        "    def auto_complete_config(config):\n"
        "        config.set_max_batch_sise(8)\n"
        "    def exectue(self, requests): ...\n"
    )
    model = tmp_path / "m"
    for version in ("1", "2"):
        (model / version).mkdir(parents=True)
        (model / version / ("README" if version == missing else "model.py")).write_text(code)
    (model / "config.pbtxt").write_text('backend: "python"\nversion_policy { all { } }\n')
    found = {(one.rule, one.file.parent.name) for one in lint(model).diagnostics}
    there = "2" if missing == "1" else "1"
    assert ("python-file-missing", "m") in found
    wanted = ("python-class-not-callable", "python-execute-missing", "python-module-unknown")
    assert {(rule, there) for rule in wanted} <= found
    assert {rule for rule, folder in found if folder == there} - set(wanted)  # and what its completion does
    assert missing not in {folder for rule, folder in found if rule != "python-file-missing"}


HELPER = (
    "import os\nif os.name:\n    A = 1\nclass B: ...\n"
    "def c():\n    global d\n    d = 1\n    hidden = 1\nfor e in (1,): pass\n"
)


@pytest.mark.parametrize(
    ("helper", "line", "message"),
    [
        (HELPER, "from .helper import A, B, c, d, e, os", None),
        (HELPER, "from .helper import Bb", "1/helper.py has no 'Bb'"),
        (HELPER, "from .helper import hidden", "1/helper.py has no 'hidden'"),
        (HELPER, "from helper import Bb", "1/helper.py has no 'Bb'"),
        (HELPER, "try:\n    from helper import Bb\nexcept ImportError:\n    Bb = None", None),
        (HELPER, "from helper import __doc__, B", None),
        (HELPER, "import helper\nhelper.Bb = 1\nfrom helper import Bb", None),
        (HELPER, "import sys\nsys.path.insert(0, '/opt')\nfrom helper import Bb", None),
        (HELPER + "from math import *\n", "from .helper import Bb", None),
        (HELPER + "globals()['Bb'] = 1\n", "from .helper import Bb", None),
        (HELPER + "def __getattr__(name): return 1\n", "from .helper import Bb", None),
        (HELPER + "import sys\nsetattr(sys.modules[__name__], 'Bb', 1)\n", "from .helper import Bb", None),
        (HELPER + "match A:\n    case {'x': 1, **Bb}: pass\n", "from .helper import Bb", None),
        (HELPER + "(Bb := 1)\n", "from .helper import Bb", None),
        ("def (:\n", "from .helper import Bb", None),
    ],
    ids=[
        "names that are there", "a class that is not", "a name of a function alone", "an absolute import", "a handler",
        "what every module has", "a name given from outside", "another path", "a star import", "globals",
        "a function for names", "setattr", "a pattern", "a walrus", "broken code",
    ],
)  # fmt: skip
def test_a_name_that_a_module_beside_does_not_have_is_reported_where_its_source_shows_all(
    tmp_path: Path, helper: str, line: str, message: str | None
) -> None:
    found = said(tmp_path, f"{line}\n{CLASS}", more=f"-- 1/helper.py\n{helper}")
    rule = "python-relative-import" if "from ." in line else "python-module-unknown"
    assert found == ([f"{rule}: {message}"] if message else [])


@pytest.mark.parametrize(
    "other",
    ["helper/__init__.py", "helper.cpython-310-x86_64-linux-gnu.so", "../helper.py"],
    ids=["a package", "a library", "the model"],
)
def test_of_two_modules_of_a_name_nothing_is_said(tmp_path: Path, other: str) -> None:
    more = f"-- 1/helper.py\n{HELPER}\n-- {other[3:] if other.startswith('../') else f'1/{other}'}\n"
    assert said(tmp_path, f"from helper import Bb\n{CLASS}", more=more) == []


ENVIRONMENT = 'parameters { key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" } }'


@pytest.mark.parametrize(
    ("line", "held", "found"),
    [
        ("import torch", "lib/python3.12/site-packages/torch/__init__.py", False),
        ("import six", "lib/python3.12/site-packages/six.py", False),
        ("import fast", "./lib/python3.12/site-packages/fast.cpython-312-x86_64-linux-gnu.so", False),
        ("import distutils.core", "lib/python3.12/distutils/core.py", False),
        ("import os, numpy", "lib/python3.12/site-packages/six.py", False),
        ("import torch", "lib/python3.12/site-packages/six.py", True),
        ("import nowhere", "lib/python3.12/site-packages/torch/nowhere/__init__.py", True),
        ("import nowhere", "lib/python3.12/site-packages/other.pth", False),
        ("try:\n    import torch\nexcept ImportError: ...", "lib/python3.12/site-packages/six.py", False),
    ],
    ids=[
        "a package",
        "a module",
        "a library",
        "the standard library",
        "what the image has",
        "an absent package",
        "an absent module",
        "files that lead elsewhere",
        "a handler",
    ],
)
def test_an_import_is_looked_for_in_the_packed_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, held: str, found: bool
) -> None:
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "cache"))
    more = f"-- env.tar.gz environment 3.12 with {held}"
    told = said(tmp_path, f"{line}\n{CLASS}", ENVIRONMENT, more)
    name = line.partition(" ")[2]
    wanted = f"the module '{name}' is neither in Python, the execution environment, 1/ nor the model's directory"
    assert told == ([f"python-module-unknown: {wanted}"] if found else [])
    again = lint(tmp_path / "repository")  # as it was kept
    assert [f"{one.rule}: {one.message}" for one in again.diagnostics] == told


@pytest.mark.parametrize("broken", ["cut", "garbage", "absent"])
def test_of_an_environment_that_cannot_be_read_no_import_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "cache"))
    said(tmp_path, f"import torch\n{CLASS}", ENVIRONMENT, "-- env.tar.gz environment 3.10")
    (archive,) = tmp_path.rglob("env.tar.gz")
    whole = archive.read_bytes()
    archive.unlink()
    if broken != "absent":
        archive.write_bytes(whole[: len(whole) // 2] if broken == "cut" else b"no archive")
    assert "python-module-unknown" not in {one.rule for one in lint(archive.parent).diagnostics}
