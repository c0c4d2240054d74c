"""Write the TorchScript files in tests/signature/data: ``make_torchscript.py DIRECTORY``, where torch is installed.

Made with torch 2.13.0 (CPU).
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import torch  # type: ignore[import-not-found,unused-ignore]
from torch import Tensor, nn  # type: ignore[import-not-found,unused-ignore]


class Pair(NamedTuple):
    first: Tensor
    second: Tensor


class Two(nn.Module):  # type: ignore[misc,unused-ignore]
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, INPUT0: Tensor, INPUT1: Tensor) -> tuple[Tensor, Tensor]:
        return self.fc(INPUT0) + INPUT1, INPUT0 - 1


class FromDict(nn.Module):  # type: ignore[misc,unused-ignore]
    def forward(self, x: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"y": x["a"] + x["b"]}


class Optional_(nn.Module):  # type: ignore[misc,unused-ignore]
    def forward(self, tokens: Tensor, mask: Tensor | None = None, scale: float = 1.0) -> Tensor:
        if mask is not None:
            tokens = tokens * mask
        return tokens * scale


class Lists(nn.Module):  # type: ignore[misc,unused-ignore]
    def forward(self, xs: list[Tensor], words: list[str]) -> list[str]:
        return words


class Untyped(nn.Module):  # type: ignore[misc,unused-ignore]
    def forward(self, a, b):  # type: ignore[no-untyped-def]
        return a + b, a - b, a


class Named(nn.Module):  # type: ignore[misc,unused-ignore]
    def forward(self, a: Tensor) -> Pair:
        return Pair(a, a + 1)


def main() -> None:
    folder = sys.argv[1]
    torch.manual_seed(0)
    for name, module in (
        ("scripted_tuple", Two()),
        ("dict", FromDict()),
        ("optional", Optional_()),
        ("lists", Lists()),
        ("untyped", Untyped()),
        ("named_tuple", Named()),
    ):
        torch.jit.script(module).save(f"{folder}/{name}.pt")
    torch.jit.trace(Two(), (torch.zeros(1, 4), torch.zeros(1, 2))).save(f"{folder}/traced_tuple.pt")
    sequential = nn.Sequential(nn.Linear(4, 2), nn.ReLU())
    torch.jit.trace(sequential, torch.zeros(1, 4)).save(f"{folder}/sequential.pt")
    torch.save(Two().state_dict(), f"{folder}/weights.pt")


if __name__ == "__main__":
    main()
