"""How many slips of the keyboard lie between two words."""

from __future__ import annotations


def slips(one: str, other: str, most: int) -> int | None:
    """How many letters are missing, too many, wrong, or swapped with their neighbour; None for more than ``most``.

    The optimal string alignment distance.
    """
    if abs(len(one) - len(other)) > most:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1] if last[-1] <= most else None
