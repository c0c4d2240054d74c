"""The values that reading an ONNX file gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triton_kit.repository.tensor import TensorSpec
from triton_kit.signature.types import Signature
from triton_kit.value import Value

if TYPE_CHECKING:
    from triton_kit.signature.onnx.types import Kind


class ExternalData(Value):
    """A tensor kept in a file of its own: ``location`` is relative to the model's directory.

    ``offset`` and ``length`` are bytes in that file; a length of ``None`` is the rest of it. ``size`` is how many bytes
    the tensor's shape and type make, ``None`` where that is not known.
    """

    location: str
    offset: int
    length: int | None
    tensor: str
    size: int | None = None


class ForeignIO(Value):
    """An input or output that no Triton data type describes.

    ``kind`` is ``tensor``, ``sparse_tensor``, ``sequence``, ``map``, ``optional``, ``opaque`` or ``untyped``;
    ``element`` is ONNX's name of a tensor's element type (``FLOAT8E4M3FN``), otherwise empty.
    """

    name: str
    is_output: bool
    kind: str
    element: str = ""


class Faults(NamedTuple):
    """What ONNX Runtime refuses a graph for, each in words, and the outputs that are not as they are declared.

    ``contradicted`` is not a reason to refuse: the session gives such an output another shape than the file. ``kinds``
    are the kinds of nodes for which it depends on the ONNX Runtime, each with how a message calls the first such node.
    ``unforeseeable`` are outputs whose sizes only a request has, ``shaping`` the inputs and initializers that a node
    takes for a shape; ``doubtful`` are outputs with a size that bears the name of an input's, and may be another one.
    """

    faults: tuple[str, ...] = ()
    contradicted: frozenset[str] = frozenset()
    kinds: tuple[tuple[Kind, str], ...] = ()
    unforeseeable: frozenset[str] = frozenset()
    shaping: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()


NO_FAULTS = Faults()
"""Of a graph that was not looked at."""


class OnnxModel(Value):
    """An ONNX file but for its weights.

    ``signature`` has the graph's inputs without its initializers. From IR version 4 on, an input that is also an
    initializer is in ``overridable`` (ONNX Runtime's overridable initializers); before, it is a constant and in
    neither. ``foreign_io`` lists what in the signature has no Triton type (its ``dtype`` is ``None``).
    ``opsets`` are domain and version, ``producer`` name and version, ``metadata`` key and value, as in the file; what
    the file does not say is empty or 0. ``graphs`` counts the graphs in the file: over 1, models were concatenated.
    ``faults`` are what makes the graph invalid, where that was asked for; ``contradicted`` the outputs whose declared
    shape is not what the graph makes, as far as its plainest operators show; ``kinds`` what it asks of ONNX Runtime
    beyond what every one has, each with the node that does; ``unforeseeable`` the outputs whose sizes only a
    request has; ``shaping`` the inputs that a node takes for a shape; ``doubtful`` the outputs with a size
    that bears the name of an input's, and may be another one.
    """

    signature: Signature
    overridable: tuple[TensorSpec, ...]
    foreign_io: tuple[ForeignIO, ...]
    ir_version: int
    opsets: tuple[tuple[str, int], ...]
    producer: tuple[str, str]
    graph_name: str
    external_data: tuple[ExternalData, ...]
    functions: tuple[str, ...]
    metadata: tuple[tuple[str, str], ...]
    graphs: int
    faults: tuple[str, ...] = ()
    contradicted: frozenset[str] = frozenset()
    kinds: tuple[tuple[Kind, str], ...] = ()
    unforeseeable: frozenset[str] = frozenset()
    shaping: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()
