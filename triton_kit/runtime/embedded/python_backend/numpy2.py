# This text is appended to the embedded server's triton_python_backend_utils.py; tk itself never imports it.
#
# The stub of that python backend was compiled with a pybind11 that knows NumPy 1 only: it reads the size of an item
# where NumPy 2 keeps flags (PyArray_Descr: elsize in NumPy 1, the low half of flags in NumPy 2), so for most types it
# takes an item for 0 bytes long. Inputs then repeat their first byte, and outputs are empty. Both ways are fixed here,
# in the process of the stub alone; with NumPy 1 nothing is touched. NumPy 1 has no wheels for Python 3.13.

import ctypes
from typing import Any


def _fix_inputs() -> Any:
    """Give the stub a table of NumPy's C functions in which an array of the stub's making gets true strides.

    The stub looks it up as ``numpy.core.multiarray._ARRAY_API`` (pybind11 numpy.h, ``npy_api::lookup``), a place that
    NumPy 2 itself does not look at. Returns what has to live as long as the process.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import numpy.core.multiarray as home

    python: Any = ctypes.pythonapi
    python.PyCapsule_GetPointer.restype = ctypes.c_void_p
    python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    python.PyCapsule_New.restype = ctypes.py_object
    python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

    entries, new_from_descr = 300, 94  # of the functions that pybind11 uses, the last has index 282
    table = (ctypes.c_void_p * entries)()
    ctypes.memmove(table, python.PyCapsule_GetPointer(home._ARRAY_API, None), ctypes.sizeof(table))
    pointer, sizes = ctypes.c_void_p, ctypes.POINTER(ctypes.c_ssize_t)
    function = ctypes.PYFUNCTYPE(pointer, pointer, pointer, ctypes.c_int, sizes, sizes, pointer, ctypes.c_int, pointer)
    original = function(table[new_from_descr] or 0)

    def with_true_strides(
        kind: Any, descr: Any, rank: int, shape: Any, strides: Any, data: Any, flags: int, base: Any
    ) -> Any:
        if strides and not any(strides[:rank]):
            strides = None  # NumPy then takes those of C order
        return original(kind, descr, rank, shape, strides, data, flags, base)

    replacement = function(with_true_strides)
    table[new_from_descr] = ctypes.cast(replacement, pointer).value
    home._ARRAY_API = python.PyCapsule_New(ctypes.addressof(table), None, None)
    return table, replacement


def _fix_outputs() -> None:
    """Let a tensor of numbers be made through DLPack, which says for itself how long an item is."""
    import c_python_backend_utils  # type: ignore[import-not-found]
    import numpy as np

    tensor: Any = c_python_backend_utils.Tensor
    plain_new, plain_init = tensor.__new__, tensor.__init__
    rename: Any = ctypes.pythonapi.PyCapsule_SetName
    rename.argtypes = [ctypes.py_object, ctypes.c_char_p]

    def is_plain(array: Any) -> bool:
        # Without items it does not matter how long one is; NumPy gives such an array strides that the stub refuses.
        return not isinstance(array, np.ndarray) or array.dtype.kind in "OSU" or array.size == 0

    def new(cls: Any, name: str, array: Any, *_rest: Any) -> Any:
        if is_plain(array):
            return plain_new(cls)
        if not (array.flags.c_contiguous and array.flags.writeable):
            array = array.copy(order="C")  # the stub takes no other order, and DLPack no array that is read-only
        capsule = array.__dlpack__()
        made = cls.from_dlpack(name, capsule)
        rename(capsule, b"used_dltensor")  # the stub has another name for it, at which NumPy complains
        return made

    def init(self: Any, name: str, array: Any, *rest: Any) -> None:
        if is_plain(array):
            plain_init(self, name, array, *rest)

    tensor.__new__, tensor.__init__ = staticmethod(new), init


def _fix_strings(serialize: Any) -> Any:
    """Give the stub serialized strings as bytes whose descriptor says 1 where the stub looks for an item's size."""
    import numpy as np

    flags_at = 2 * ctypes.sizeof(ctypes.c_ssize_t) + ctypes.sizeof(ctypes.c_void_p) + 8
    byte = np.dtype(np.uint8)
    assert ctypes.c_uint64.from_address(id(byte) + flags_at).value == byte.flags
    assert ctypes.c_ssize_t.from_address(id(byte) + flags_at + 8).value == 1

    def serialize_byte_tensor(strings: Any) -> Any:
        data = serialize(strings)
        if not isinstance(data, bytes):
            return data
        # A descriptor of its own, since what NumPy takes that bit for would be wrong anywhere else. This array does not
        # own its memory, so nobody acts on the bit.
        array = np.frombuffer(data, dtype=np.dtype(byte, copy=True))
        if array.dtype is not byte:
            ctypes.c_uint64.from_address(id(array.dtype) + flags_at).value |= 1
        return array

    return serialize_byte_tensor


def _is_numpy_2() -> bool:
    import numpy as np

    return int(np.__version__.split(".")[0]) >= 2


if _is_numpy_2():
    _kept_alive = _fix_inputs()
    _fix_outputs()
    globals()["serialize_byte_tensor"] = _fix_strings(globals()["serialize_byte_tensor"])
