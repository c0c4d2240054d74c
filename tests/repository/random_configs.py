"""Random configurations in random spelling, and random damage to them: material for differential tests."""

from __future__ import annotations

import random
import re

from triton_kit.repository.schema import RANGES, Field, MessageType, message_type

TOKENS = re.compile(r"""[A-Za-z_]\w*|-?[0-9.]+\w*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|#[^\n]*\n|\s+|.""", re.DOTALL)
SPACES = (" ", " ", " ", "\n", "  ", "\t", " # note\n", "\r\n", "\n# { \" ' }\n")
STRINGS = (
    '"a"',
    "'b'",
    '"x" "y"',
    r'"\n\t\"q\\"',
    '"é\\303\\251"',
    "''",
    r'"\x41\101\u00e9"',
    "\"#\" # c\n 'd'",
    '"1__x"',
)
NUMBERS = ("0", "1", "8", "16", "0x1F", "017", "100000")
FLOATS = ("0", "0.5", ".25", "1.", "1e3", "2.5f", "inf", "-nan", "-0.0", "7", "1E-3F", "Infinity")
BOOLS = ("true", "false", "True", "False", "t", "f", "1", "0")
DAMAGE = (
    *"{}[]<>:,;=-\"'#\\/$. \n\t\r",
    *("name", "dims", "TYPE_FP32", "8", "-1", "1.5", "08", "0x", '"s"', "true", "{ }", "[ ]", "\0", "\x01", "é", "//"),
    *("value", "key", "1e", "."),
)


class Maker:
    """Writes random messages of the schema."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def space(self, least: str = " ") -> str:
        """White space, perhaps with a comment."""
        return self.random.choice(SPACES) if self.random.random() < 0.6 else least

    def end(self) -> str:
        """What may follow a field."""
        return self.random.choice(("", "", "", ",", ";", " ;"))

    def scalar(self, field: Field) -> str:
        """A value of the field, in one of its spellings."""
        pick = self.random.choice
        if field.kind in ("string", "bytes"):
            return pick(STRINGS)
        if field.kind == "bool":
            return pick(BOOLS)
        if field.kind in ("float", "double"):
            return pick(FLOATS)
        if field.kind == "enum":
            return pick((*field.enum.values, "1", "99", "-3"))
        low, high = RANGES[field.kind]
        return pick((*NUMBERS, str(high), *((f"-{pick(NUMBERS)}", "- 5", str(low)) if low else ())))

    def field(self, field: Field, depth: int) -> str:
        """One statement, or several, that set the field."""
        r = self.random
        if field.kind == "message":
            colon = r.choice((":", "", "", " :"))
            if not field.repeated:
                return f"{field.name}{colon}{self.space('')}{self.block(field.message, depth)}{self.end()}"
            blocks = [self.block(field.message, depth) for _ in range(r.randint(0, 3))]
            if r.random() < 0.5:
                inside = f"{self.space('')},{self.space('')}".join(blocks)
                return f"{field.name}{colon}{self.space('')}[{self.space('')}{inside}{self.space('')}]{self.end()}"
            return self.space().join(f"{field.name}{colon}{self.space('')}{block}{self.end()}" for block in blocks)
        if not field.repeated:
            return f"{field.name}{self.space('')}:{self.space('')}{self.scalar(field)}{self.end()}"
        values = [self.scalar(field) for _ in range(r.randint(0, 4))]
        if r.random() < 0.6:
            inside = f"{self.space('')},{self.space('')}".join(values)
            return f"{field.name}:{self.space('')}[{self.space('')}{inside}{self.space('')}]{self.end()}"
        return self.space().join(f"{field.name}: {value}{self.end()}" for value in values)

    def body(self, type_: MessageType, depth: int) -> str:
        """Some fields of a message, in any order, of each oneof at most one."""
        fields = [f for f in type_.fields.values() if self.random.random() < (0.35 if depth else 0.3)]
        self.random.shuffle(fields)
        seen: set[str] = set()
        parts = []
        for field in fields:
            if field.oneof in seen or (depth > 4 and field.kind == "message"):
                continue
            if field.oneof:
                seen.add(field.oneof)
            parts.append(self.field(field, depth))
        return self.space().join(parts)

    def block(self, type_: MessageType, depth: int) -> str:
        """A message with its delimiters."""
        inside = f"{self.space('')}{self.body(type_, depth + 1)}{self.space('')}"
        return f"<{inside}>" if self.random.random() < 0.15 else f"{{{inside}}}"

    def config(self) -> str:
        """A whole configuration."""
        return f"{self.space('')}{self.body(message_type('ModelConfig'), 0)}{self.space('')}"

    def damaged(self, text: str) -> str:
        """The text with one to three tokens or characters deleted, doubled, swapped or put in."""
        for _ in range(self.random.randint(1, 3)):
            parts = TOKENS.findall(text) if self.random.random() < 0.7 else list(text)
            if not parts:
                return self.random.choice(DAMAGE)
            at, other = self.random.randrange(len(parts)), self.random.randrange(len(parts))
            match self.random.randrange(4):
                case 0:
                    del parts[at]
                case 1:
                    parts.insert(at, parts[at])
                case 2:
                    parts[at], parts[other] = parts[other], parts[at]
                case _:
                    parts.insert(at, self.random.choice(DAMAGE))
            text = "".join(parts)
        return text


def make(seed: int) -> str:
    """The configuration of that number."""
    return Maker(seed).config()


def make_damaged(seed: int) -> str:
    """The damaged configuration of that number."""
    maker = Maker(seed)
    return maker.damaged(maker.config())
