"""Secrets taken out of what leaves the machine: by the names under which they stand, and by how they look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MASK = "***"

SHORTEST = 4
"""Characters of a secret that is masked wherever it stands: a shorter one would blot out half of every text."""

_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|bearer|authoriz|(?:^|[^a-z])(?:auth|pwd|sas|pat)(?:[^a-z]|$)"
    r"|(?:api|access|account|private|signing|encryption|ssh|storage|license)[ _.-]?key|connection[ _.-]?string",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"\w*token(?:s|izer|ization|_?(?:ids?|types?|count|length))\w*|(?:max|num|stop|pad|eos|bos)_?\w*token", re.I
)
"""Names of language models' settings."""

_LOOKS_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bhf_[A-Za-z0-9]{16,}|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}"
    r"|\bsk-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}|\bnvapi-[\w-]{16,}|\bAIza[\w-]{30,}|\bya29\.[\w-]{16,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    re.DOTALL,
)
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@:'\"]*:[^\s/@'\"]*@")
_ASSIGNED = re.compile(
    r"(?i)((?:passw(?:or)?d|passphrase|secret|token|api_?key|access_?key|authorization)['\"]?\s*[=:]\s*['\"]?(?:bearer\s+)?)"
    r"(?!['\"{\[])[^\s'\",;}\]]{4,}"
)
_STRING = r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'"
_PARAMETER = re.compile(
    rf"key\s*:\s*(?:{_STRING})\s*[,;]?\s*value\s*:?\s*[{{<]\s*string_value\s*:\s*((?:(?:{_STRING})\s*)+)"
)


def is_secret_name(name: str) -> bool:
    """Whether something of that name is nobody's business."""
    return _SECRET_NAME.search(name) is not None and _NO_SECRET.fullmatch(name) is None


def secrets_of(config_text: str) -> Iterator[str]:
    """The values of the parameters in a configuration's text, however broken, whose names tell that they are secret."""
    for found in _PARAMETER.finditer(config_text):
        if is_secret_name(found[1] or found[2] or ""):
            for double, single in re.findall(_STRING, found[3]):
                yield double or single


class Masking:
    """Masks these secrets, and all that looks like one; the places in ``shown`` get the names that they stand for."""

    def __init__(self, secrets: Iterable[str], shown: Mapping[str, str]) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST}
        known |= {secret.encode().decode("unicode_escape", "replace") for secret in known if "\\" in secret}
        self._secrets = sorted(known, key=len, reverse=True)
        self._places = sorted(((place, name) for place, name in shown.items() if len(place) > 1), key=_longest)

    def text(self, text: str) -> str:
        """The text as anybody may read it."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _IN_URL.sub(rf"\1{MASK}@", _LOOKS_SECRET.sub(MASK, text))
        text = _ASSIGNED.sub(rf"\1{MASK}", text)
        for place, name in self._places:
            text = text.replace(place, name)
        return text

    def value(self, value: object, name: str = "") -> object:
        """A JSON value likewise; what a secret name leads to is masked whole."""
        if isinstance(value, Mapping):
            if is_secret_name(name) and set(value) == {"string_value"}:
                return {"string_value": MASK}
            return {self.text(str(key)): self.value(inner, str(key)) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner, name) for inner in value]
        if isinstance(value, str):
            return MASK if value and is_secret_name(name) else self.text(value)
        return value


def home() -> str:
    """The user's home directory, whose name may be that of a person; empty where there is none."""
    try:
        return str(Path.home())
    except RuntimeError:
        return ""


def _longest(pair: tuple[str, str]) -> int:
    return -len(pair[0])
