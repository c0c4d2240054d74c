"""Configurations of public repositories: read out of checkouts, put on disk as a server would find them, and judged.

``data/corpus.csv`` lists repositories, commits, paths and checksums, and no text of anyone. ``tests/corpus.py DIR``
judges what lies in DIR (a checkout ``OWNER+NAME`` each) and prints the figures, ``--fetch`` fetches there first with
git what is missing, and ``--list`` writes the list anew.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from triton_kit import lint
from triton_kit.linter.diagnostic import Diagnostic, Severity
from triton_kit.repository.release_name import NEWEST
from triton_kit.repository.text_format.document import parse

DATA = Path(__file__).parent / "linter" / "data"
LIST = DATA / "corpus.csv"
EXCEPTIONS = DATA / "corpus_exceptions.tsv"

ABSENT = frozenset(
    (
        "model-file-missing", "python-file-missing", "dali-file-missing", "fil-file-missing", "label-file-missing",
        "no-version-directory", "step-model-missing", "backend-undeterminable", "checksum-mismatch", "name-mismatch",
    )
)  # fmt: skip
"""Rules about files that a repository of sources does not hold, and about directories that are renamed on the way."""

SOUGHT = ("no-version-directory", "backend-undeterminable", "name-mismatch", "label-file-missing")
"""Those of them that the suite is about."""

IGNORED = shutil.ignore_patterns("expected*", "*.npz")
SUITE = re.compile(r"qa/L0_model_config/(autofill_noplatform_success|autofill_noplatform|noautofill_platform)/")


UNJUDGED = ("tensorrt", "openvino", "onnx", "pytorch")
"""Where the suite takes the model's file from elsewhere, and that file decides."""


class Listed(NamedTuple):
    """A file of the corpus, and what the suite that it belongs to expects: ``taken``, ``refused`` or nothing."""

    repository: str
    commit: str
    path: str
    sha256: str
    expected: str

    @property
    def key(self) -> str:
        return f"{self.repository}:{self.path}"


class Judged(NamedTuple):
    """What became of a listed file: whether it parses as text format (or is a template), and what is said of it."""

    listed: Listed
    parses: bool
    template: bool
    said: tuple[Diagnostic, ...]

    @property
    def refused(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self.said)

    @property
    def as_expected(self) -> bool:
        return not self.listed.expected or self.refused == (self.listed.expected == "refused")


def listed() -> list[Listed]:
    with LIST.open(encoding="utf-8", newline="") as file:
        return [Listed(**row) for row in csv.DictReader(file)]


def checkout(root: Path, repository: str) -> Path:
    return root / repository.replace("/", "+")


def fetch(root: Path) -> None:
    """Fetch the listed commits that are not there."""
    for repository, commit in sorted({(one.repository, one.commit) for one in listed()}):
        where = checkout(root, repository)
        if not where.exists():
            where.mkdir(parents=True)
            for arguments in (
                ["init", "-q"],
                ["fetch", "-q", "--depth", "1", f"https://github.com/{repository}", commit],
                ["checkout", "-q", commit],
            ):
                subprocess.run(["git", "-C", str(where), *arguments], check=True)


def judge_all(root: Path) -> Iterator[Judged]:
    """Every listed file that is there unchanged."""
    for one in listed():
        path = checkout(root, one.repository) / one.path
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == one.sha256:
            yield judge(one, path)


def judge(one: Listed, path: Path) -> Judged:
    document = parse(path.read_bytes())
    with tempfile.TemporaryDirectory() as place:
        repository = _served(path.parent, Path(place) / "repository")
        strict = "noautofill" in one.path
        report = lint(repository / path.parent.name, auto_complete=not strict, release=NEWEST)
    absent = ABSENT if not one.expected else ABSENT.difference(SOUGHT)
    said = tuple(d for d in report.diagnostics if d.model == path.parent.name and not _is_absence(d, absent))
    return Judged(one, not document.problems, any(d.rule == "unrendered-template" for d in said), said)


def _served(model: Path, to: Path) -> Path:
    """The repository around a model, each of its models with a version."""
    for config in (
        sorted(model.parent.glob("*/config.pbtxt")) if model.parent.name != "qa" else [model / "config.pbtxt"]
    ):
        shutil.copytree(config.parent, to / config.parent.name, ignore=IGNORED, ignore_dangling_symlinks=True)
        there = to / config.parent.name
        if there.name == "no_version" or any(c.name.isdecimal() for c in there.iterdir() if c.is_dir()):
            continue
        version = there / "1"
        version.mkdir()
        if "/python/" in str(config) and SUITE.search(str(config)):
            # The suite's own script puts the model's code there.
            own, common = there / "model.py", config.parents[4] / "python_models" / "auto_complete" / "model.py"
            shutil.copy(own if own.exists() else common, version / "model.py")
    return to


def _is_absence(found: Diagnostic, absent: frozenset[str]) -> bool:
    return found.rule in absent or (
        found.rule == "step-model-refused" and all(_absent(r.message) for r in found.related)
    )


def _absent(message: str) -> bool:
    return (
        "does not exist" in message
        or "holds neither" in message
        or "the backend is unknown" in message
        or "has no model" in message
    )


def write_list(root: Path) -> None:
    """List every configuration below the checkouts."""
    rows: list[Listed] = []
    for where in sorted(path for path in root.iterdir() if path.is_dir()):
        commit = (where / "COMMIT").read_text().strip()
        for path in sorted(where.rglob("config.pbtxt")):
            relative = path.relative_to(where).as_posix()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            rows.append(
                Listed(where.name.replace("+", "/"), commit, relative, digest, _expected(relative, path.parent))
            )
    with LIST.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Listed._fields)
        writer.writerows(rows)


def _expected(relative: str, model: Path) -> str:
    found = SUITE.search(relative)
    backend = relative.split("/")[3] if found else ""
    if not found or not list(model.glob("expected*")) or (backend in UNJUDGED and not list(model.glob("*/model.*"))):
        return ""
    return "taken" if found[1].endswith("success") else "refused"


def figures(judged: list[Judged]) -> str:
    suite = [one for one in judged if one.listed.expected]
    rules = Counter(f"{d.severity} {d.rule}" for one in judged if not one.listed.expected for d in one.said)
    lines = [
        f"{len(judged)} configurations of {len({one.listed.repository for one in judged})} repositories",
        f"{sum(one.parses for one in judged)} parse, {sum(one.template for one in judged)} are templates",
        f"{sum(one.as_expected for one in suite)} of {len(suite)} of the suite are judged as it expects",
        f"{sum(one.refused for one in judged if not one.listed.expected)} of the others are refused",
        *(f"  {count} {rule}" for rule, count in rules.most_common()),
        *(f"not as expected: {one.listed.key}" for one in suite if not one.as_expected),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--fetch", action="store_true", help="fetch what is missing with git")
    parser.add_argument("--list", action="store_true", help="write the list anew")
    given = parser.parse_args()
    if given.list:
        write_list(given.directory)
    if given.fetch:
        fetch(given.directory)
    print(figures(list(judge_all(given.directory))))


if __name__ == "__main__":
    main()
