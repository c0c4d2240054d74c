"""Which releases an NVIDIA driver can run."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from triton_kit.repository.release import Release, releases

Verdict: TypeAlias = Literal["yes", "minor", "compatible", "no", "unknown"]
"""``minor``: in the minor-version mode of CUDA, without what is new since the driver. ``compatible``: through the
forward-compatibility package, which the images bring and only some GPUs can use."""

_LEAST = {12: 525, 13: 580}
"""The least driver that runs programs of a major version of CUDA (NVIDIA, CUDA minor version compatibility)."""

_FORWARD = (((470, 57), None, None), ((525, 85), None, None), ((535, 86), None, None), ((545, 23), "24.01", None),
            ((450, 0), None, "23.12"), ((510, 0), None, "23.12"), ((515, 0), None, "23.12"))  # fmt: skip
"""Driver branches that run newer containers: least version, from and until which release (NVIDIA's release notes)."""

_NAMED_UNTIL = "26.04"
"""The last release whose notes name any driver."""

_UNTOLD = (550, 570)
"""Production branches whose forward compatibility with CUDA 13 no release notes mention."""

_CONSUMER = re.compile(r"GeForce|TITAN|Jetson|Orin|Xavier", re.IGNORECASE)
_DATA_CENTRE = re.compile(r"\b(?:Tesla|[ABHLPTV]\d{1,3}[SX]?|GH200|GB\d{3})\b")

_COMPUTE = (("23.01", (6, 0)), ("24.11", None), ("25.03", (7, 5)))
"""The least compute capability from a release on; ``None`` where NVIDIA's release notes do not say."""


def runs(release: Release, driver: str, gpu: str) -> Verdict:
    """Whether a release runs on a driver such as ``535.104.05`` with a GPU of that name.

    The major version of CUDA decides, not the driver that the release was built with: below that one it runs in
    minor-version mode (NVIDIA, CUDA minor version compatibility, and the Triton release notes for data-centre GPUs).
    """
    have, least = _numbers(driver), least_driver(release)
    if not have or least is None:
        return "unknown"
    if have[0] >= least:
        return "minor" if have < _numbers(built_with(release) or "") else "yes"
    return _forward(release.container, have, gpu)


def _forward(container: str, have: tuple[int, ...], gpu: str) -> Verdict:
    """Whether a release runs on a driver that is too old for its CUDA."""
    for branch, since, until in _FORWARD:
        if have[0] == branch[0] and have >= branch:
            within = (since is None or container >= since) and (until is None or container <= until)
            if not within or _CONSUMER.search(gpu):
                return "no"
            return "compatible" if _DATA_CENTRE.search(gpu) and container <= _NAMED_UNTIL else "unknown"
    return "unknown" if have[0] in _UNTOLD and not _CONSUMER.search(gpu) else "no"


def least_driver(release: Release) -> int | None:
    """The least driver branch for the CUDA of a release, such as 525; ``None`` where its CUDA is not known."""
    major = cuda_major(release)
    return None if major is None else _LEAST.get(major)


def cuda_major(release: Release) -> int | None:
    """The major version of a release's CUDA: as told, or where the releases before and after it have the same one."""
    if told := _told(release):
        return told
    earlier = [major for one in releases().values() if one.container < release.container and (major := _told(one))]
    later = [major for one in releases().values() if one.container > release.container and (major := _told(one))]
    return earlier[-1] if earlier and later and earlier[-1] == later[0] else None


def built_with(release: Release) -> str | None:
    """The driver that a release was built with, such as ``560.35.03`` or ``560+``; ``None`` where it is not known."""
    return release.driver_vllm or release.min_driver


def _told(release: Release) -> int | None:
    return next(iter(_numbers(release.cuda or release.cuda_vllm or "")), None)


def least_compute(container: str) -> tuple[int, int] | None:
    """The least compute capability that a release supports; ``None`` where that is not known."""
    return next((least for since, least in reversed(_COMPUTE) if since <= container), None)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
