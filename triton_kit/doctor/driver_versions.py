"""Which releases an NVIDIA driver can run."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from triton_kit.repository.release import Release

Verdict: TypeAlias = Literal["yes", "compatible", "no", "unknown"]
"""``compatible``: through the forward-compatibility package, which the images bring and only some GPUs can use."""

_FORWARD = (((470, 57), None, None), ((525, 85), None, None), ((535, 86), None, None), ((545, 23), "24.01", None),
            ((450, 0), None, "23.12"), ((510, 0), None, "23.12"), ((515, 0), None, "23.12"))  # fmt: skip
"""Driver branches that run newer containers: least version, from and until which release (NVIDIA's release notes)."""

_CONSUMER = re.compile(r"GeForce|TITAN|Jetson|Orin|Xavier", re.IGNORECASE)
_DATA_CENTRE = re.compile(r"\b(?:Tesla|[ABHLPTV]\d{1,3}[SX]?|GH200|GB\d{3})\b")

_COMPUTE = (("23.01", (6, 0)), ("24.11", None), ("25.03", (7, 5)))
"""The least compute capability from a release on; ``None`` where NVIDIA's release notes do not say."""


def runs(release: Release, driver: str, gpu: str) -> Verdict:
    """Whether a release runs on a driver such as ``535.104.05`` with a GPU of that name.

    Source: NVIDIA's Triton release notes, page of the release, as far as they name a least driver.
    """
    have = _numbers(driver)
    least = _numbers(release.min_driver or "")
    if not have or not least:
        return "unknown"
    if have >= least:
        return "yes"
    for branch, since, until in _FORWARD:
        if have[0] == branch[0] and have >= branch:
            within = (since is None or release.container >= since) and (until is None or release.container <= until)
            if not within or _CONSUMER.search(gpu):
                return "no"
            return "compatible" if _DATA_CENTRE.search(gpu) else "unknown"
    return "no"


def least_compute(container: str) -> tuple[int, int] | None:
    """The least compute capability that a release supports; ``None`` where that is not known."""
    return next((least for since, least in reversed(_COMPUTE) if since <= container), None)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
