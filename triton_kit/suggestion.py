"""What was probably meant by a name that a closed set does not have."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_MOST = 1000
"""Names that a word is compared with: a model of many more tensors may have as many typos."""


def close(word: str, names: Iterable[str], *, count: int, cutoff: float) -> list[str]:
    """At most ``count`` of the names that resemble the word, the most similar first; letter case matters.

    ``cutoff`` is the least similarity, from 0 to 1, as ``difflib.SequenceMatcher.ratio`` measures it.
    """
    from difflib import get_close_matches

    return get_close_matches(word[:80], list(islice(names, _MOST)), count, cutoff)


def nearest(word: str, names: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The name that resembles the word most, whatever its letter case; ``None`` where none does.

    Of more than a thousand names the first thousand are looked at.
    A higher ``cutoff`` is for a place that has better advice than a name that resembles the word only a little.
    """
    folded = {name.lower(): name for name in islice(names, _MOST)}
    return next((folded[name] for name in close(word.lower(), folded, count=1, cutoff=cutoff)), None)


def suggest(word: str, names: Iterable[str], *, otherwise: str | None = None) -> str:
    """What to do about a word that is not one of the names: the nearest of them, or else ``otherwise``.

    Without ``otherwise`` all names are listed, so that it is for a set that fits on a line.
    """
    names = list(names)
    near = nearest(word, names)
    return f"did you mean {near}?" if near else otherwise or f"choose from: {', '.join(names)}"
