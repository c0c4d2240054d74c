"""Programs that complete a configuration, made at random, and what they do where they are really run."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

PROPERTIES = {"add_input": ("name", "data_type", "dims", "optional"), "add_output": ("name", "data_type", "dims")}


class ModelConfig:
    """The object that a server hands over, with the behaviour of its methods."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._model_config = state

    def as_dict(self) -> dict[str, Any]:
        return self._model_config

    def set_max_batch_size(self, max_batch_size: Any) -> None:
        if self._model_config["max_batch_size"] > max_batch_size:
            raise ValueError("max_batch_size")
        self._model_config["max_batch_size"] = max_batch_size

    def set_dynamic_batching(self) -> None:
        if "sequence_batching" in self._model_config:
            raise ValueError("scheduler")
        self._model_config.setdefault("dynamic_batching", {})

    def add_input(self, input: Any) -> None:  # noqa: A002 - as the server's
        self._add("add_input", input)

    def add_output(self, output: Any) -> None:
        self._add("add_output", output)

    def _add(self, method: str, given: Any) -> None:
        if any(key not in PROPERTIES[method] for key in given):
            raise ValueError("surplus")
        if any(key not in given for key in ("name", "data_type", "dims")):
            raise ValueError("missing")
        for entry in self._model_config[method[4:]]:
            if entry["name"] != given["name"]:
                continue
            if entry["data_type"] not in ("TYPE_INVALID", given["data_type"]):
                raise ValueError("data_type")
            if entry["dims"] and entry["dims"] != given["dims"]:
                raise ValueError("dims")
            if "optional" in entry and "optional" in given and entry["optional"] != given["optional"]:
                raise ValueError("optional")
            entry.update({key: value for key, value in given.items() if key != "name"})
            return
        self._model_config[method[4:]].append(given)

    def set_model_transaction_policy(self, transaction_policy_dict: Any) -> None:
        if any(key != "decoupled" for key in transaction_policy_dict.keys()):  # noqa: SIM118 - as the server's
            raise ValueError("surplus")
        policy = self._model_config.setdefault("model_transaction_policy", {})
        if "decoupled" in transaction_policy_dict:
            if policy.get("decoupled", transaction_policy_dict["decoupled"]) != transaction_policy_dict["decoupled"]:
                raise ValueError("decoupled")
            policy["decoupled"] = transaction_policy_dict["decoupled"]


NAMES = ("x", "y", "z")
TYPES = ("TYPE_FP32", "TYPE_INT64", "TYPE_STRING")
WRITTEN = {
    "none": "",
    "x": 'max_batch_size: 4\ninput { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }\n',
    "untyped": 'input { name: "x" }\noutput { name: "y" data_type: TYPE_INT64 dims: [ -1 ] }\n',
    "sequence": 'max_batch_size: 2\nsequence_batching { }\noutput { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }\n',
    "decoupled": "model_transaction_policy { decoupled: true }\n",
}

names = st.sampled_from(NAMES)
texts = st.one_of(
    names.map(repr),
    names.map(lambda n: f"f'{{PREFIX}}{n}'"),
    names.map(lambda n: f"'%s' % {n!r}"),
    st.sampled_from(["PREFIX", "'{}'.format(NAMES[0])", "NAMES[-1]", "'-'.join(NAMES)", "NAMES[1][:1]", "'X'.lower()"]),
)
kinds = st.one_of(
    st.sampled_from(TYPES).map(repr),
    st.sampled_from(["KINDS['f']", "KINDS.get('i')", "KINDS.get('none', 'TYPE_FP32')", "f'TYPE_{FP}'", "cls.KIND"]),
)
shapes = st.one_of(
    st.sampled_from(["[4]", "[-1]", "[DIM]", "[DIM] * 2", "SHAPE + [1]", "SHAPE[:1]", "list(range(1, 3))", "(4,)"]),
    st.sampled_from(["[d for d in SHAPE if d > 1]", "[*SHAPE]", "list(map(int, ['4']))", "sorted({4})", "cls.DIMS"]),
)
described = st.tuples(texts, kinds, shapes)
tensors = st.one_of(
    described.map(lambda p: f"{{'name': {p[0]}, 'data_type': {p[1]}, 'dims': {p[2]}}}"),
    described.map(lambda p: f"dict(name={p[0]}, data_type={p[1]}, dims={p[2]})"),
    described.map(lambda p: f"tensor({p[0]}, {p[1]}, {p[2]})"),
    described.map(lambda p: f"tensor({p[0]}, dims={p[2]})"),
    described.map(lambda p: f"{{**BASE, 'name': {p[0]}, 'dims': {p[2]}}}"),
    texts.map(lambda t: f"cls.make({t})"),
    st.just("{'name': 'q', 'datatype': 'TYPE_FP32', 'dims': [1]}"),
    st.just("{'name': 'q'}"),
    described.map(lambda p: f"Spec({p[0]}, {p[1]}, {p[2]}).described()"),
    described.map(lambda p: f"asdict(Plain({p[0]}, dims={p[2]}))"),
    texts.map(lambda t: f"asdict(Wide({t}))"),
    texts.map(lambda t: f"Fixed({t}).described()"),
    st.sampled_from(
        [
            "asdict(replace(Plain('x'), data_type='TYPE_INT64'))",
            "Spec().described()",
            "Spec('x', 'TYPE_FP32', [1], 2).described()",
            "Spec('x', name='y').described()",
            "Spec(nome='x').described()",
        ]
    ),
)
conditions = st.one_of(
    texts.map(lambda t: f"{t} not in have"),
    st.sampled_from(
        [
            "cfg['max_batch_size'] > 2",
            "'dynamic_batching' not in cfg",
            "len(cfg['input']) == 0",
            "not cfg['output']",
            "any(i['name'] == 'x' for i in cfg['input'])",
            "DIM == 4 and len(SHAPE) > 1",
            "isinstance(DIM, int)",
            "have",
            "Spec('x') == Spec('x', dims=[1])",
            "Wide('x').dims == [4] and Spec.kind != Fixed.kind",
            "cfg.get('sequence_batching') is None",
        ]
    ),
)
simple = st.one_of(
    st.tuples(st.sampled_from(["input", "output"]), tensors).map(lambda p: [f"config.add_{p[0]}({p[1]})"]),
    st.tuples(st.sampled_from(["input", "output"]), tensors).map(lambda p: [f"t = {p[1]}", f"config.add_{p[0]}(t)"]),
    st.integers(-1, 9).map(lambda n: [f"config.set_max_batch_size({n})"]),
    st.just(["config.set_max_batch_size(max(cfg['max_batch_size'], 8))"]),
    st.just(["config.set_dynamic_batching()"]),
    st.booleans().map(lambda b: [f"config.set_model_transaction_policy({{'decoupled': {b}}})"]),
    st.just(["size = cfg['max_batch_size']", "size += 1", "config.set_max_batch_size(size)"]),
    st.just(["have.append('z')"]),
    st.just(["s = Spec('z')", "s.dims.append(2)", "config.add_input(s.described())", "have += Spec('z').dims"]),
    st.just(["s = Fixed('z')", "s.dims = [1]", "config.add_input(s.described())"]),
    st.just(["s = Later('z')", "s.more = s.name", "config.add_input({**asdict(s), 'name': s.more})"]),
    st.just(["@dataclass", "class Local:", "    name: str = 'l'", "    dims: list = []", "config.add_input({})"]),
    st.just(["@dataclass", "class Local:", "    name: str = 'l'", "    dims: list", "config.add_input({})"]),
    st.just(["t = dict(BASE)", "t['name'] = 'x'", "t.update(dims=[4])", "config.add_input(t)"]),
    st.just(["config.set_nothing()"]),
    st.just(["cfg['max_batch_size'] = 3"]),
    st.just(["return config"]),
    st.just(["return"]),
    st.just(["raise ValueError('no')"]),
)


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


subjects = st.one_of(
    conditions,
    texts,
    kinds,
    shapes,
    tensors,
    st.sampled_from(
        ["cfg", "cfg['max_batch_size']", "have", "cfg['input']", "Spec('x')", "Wide('y', dims=[2])", "None"]
    ),
)
patterns = st.sampled_from(
    [
        "'x' | 'y' as n", "str(n)", "int(n)", "bool()", "None", "True", "[]", "[n]", "[4, *_]", "[n, *rest]", "(a, b)",
        "{'name': n}", "{'name': 'x', **rest}", "{'max_batch_size': 4 | 2}", "{'none': _}", "Spec()", "Spec('x')",
        "Spec(n, dims=[*rest])", "Spec(name='x' as n)", "Wide(n)", "list(n)", "dict()", "[{'name': n}, *_]",
        "Spec(a, b, n, rest)", "{'dims': [n, *_]}", "[Spec() | 4]", "float() | -1 | 0",
        "{'name': str(n), 'dims': [int(a), *rest]}",
    ]
)  # fmt: skip
taken = ["config.add_input(tensor(n))"], ["config.add_output({'name': str(n), 'data_type': 'TYPE_FP32', 'dims': [1]})"]


def matching(parts: tuple[str, list[tuple[str, str, list[str]]], bool]) -> list[str]:
    """A match statement with these cases."""
    subject, cases, rest = parts
    lines = ["n = 'x'", f"match {subject}:"]
    for pattern, guard, body in cases:
        lines += indented([f"case {pattern}{guard}:", *indented(body)])
    return [*lines, *(indented(["case _:", *indented(["config.set_max_batch_size(7)"])]) if rest else [])]


def blocks(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    some = st.lists(inner, min_size=1, max_size=3).map(lambda parts: [line for part in parts for line in part])
    return st.one_of(
        some,
        st.tuples(conditions, some).map(lambda p: [f"if {p[0]}:", *indented(p[1])]),
        st.tuples(conditions, some, some).map(lambda p: [f"if {p[0]}:", *indented(p[1]), "else:", *indented(p[2])]),
        st.tuples(some, some).map(lambda p: ["try:", *indented(p[0]), "except ValueError:", *indented(p[1])]),
        st.tuples(some, some).map(lambda p: ["try:", *indented(p[0]), "finally:", *indented(["pass"])]),
        some.map(lambda s: ["for n in NAMES:", *indented(["config.add_input(tensor(n))", *s])]),
        some.map(lambda s: ["for i, n in enumerate(SHAPE):", *indented([*s, "if i: break"])]),
        st.tuples(
            subjects,
            st.lists(
                st.tuples(
                    patterns,
                    st.one_of(st.just(""), conditions.map(lambda c: f" if {c}")),
                    st.one_of(some, st.sampled_from(taken)),
                ),
                min_size=1,
                max_size=3,
            ),
            st.booleans(),
        ).map(matching),
        some.map(lambda s: ["i = 0", "while i < 2:", *indented(["i += 1", *s])]),
        some.map(lambda s: ["with open(__file__) as file:", *indented(s)]),
        some.map(
            lambda s: ["for n, k in {'a': 'TYPE_FP32'}.items():", *indented(["config.add_output(tensor(n, k))", *s])]
        ),
    )


statements = st.recursive(simple, blocks, max_leaves=6)
HEAD = """
from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar

PREFIX = "x"
DIM = 4
FP = "FP32"
SHAPE = [DIM, 1]
NAMES = ["x", "y"]
KINDS = {"f": "TYPE_FP32", "i": "TYPE_INT64"}
BASE = {"data_type": KINDS["f"], "name": "b", "dims": [1]}


def tensor(name, kind="TYPE_FP32", *, dims=None):
    return {"name": name, "data_type": kind, "dims": dims or [DIM]}


@dataclass
class Spec:
    name: str
    kind: str = "TYPE_FP32"
    dims: list = field(default_factory=lambda: [1])
    WIDTH: ClassVar[int] = 3

    def described(self):
        return {"name": self.name, "data_type": self.kind, "dims": self.dims}


@dataclass
class Wide(Spec):
    dims: list = field(default_factory=list)
    extra: int = 0

    def __post_init__(self):
        if not self.dims:
            self.dims.append(DIM)


@dataclass(frozen=True)
class Fixed:
    name: str
    kind: str = field(default="TYPE_INT64")
    dims: tuple = (1,)

    described = Spec.described


@dataclass(repr=False, kw_only=False)
class Plain:
    name: str
    data_type: str = "TYPE_FP32"
    dims: list = field(default_factory=list)


class Later(Plain):
    more = 0


class TritonPythonModel:
    KIND = "TYPE_INT64"
    DIMS = [4]

    @classmethod
    def make(cls, name):
        return tensor(name, cls.KIND, dims=cls.DIMS)

    @classmethod
    def auto_complete_config(cls, config):
        cfg = config.as_dict()
        have = [i["name"] for i in cfg["input"]]
"""
HEAD = HEAD.replace('def tensor(name, kind="TYPE_FP32", *, dims=None)', 'def tensor(name, kind="TYPE_FP32", dims=None)')


def _source(parts: list[list[str]]) -> str:
    lines = [line for part in parts for line in part]
    return HEAD + "\n".join(f"        {line}" for line in [*lines, "return config"]) + "\n"


programs = st.lists(statements, min_size=1, max_size=4).map(_source)
