"""The reader of one array of a MATLAB file agrees with scipy on sound files, and no bytes bring it down."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from scipy.io import loadmat, savemat

from zoo.errors import InputError
from zoo.sources.annotations import read_annotations
from zoo.sources.annotations._matlab import read_numbers


def saved(variables: dict[str, object], *, compressed: bool = False) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compressed)
    return stream.getvalue()


def read(data: bytes) -> NDArray[np.float64] | None:
    return read_numbers(data, "joints", file="a.mat", fix="give another")


NUMBERS = st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]).flatmap(
    lambda kind: arrays(np.dtype(kind), array_shapes(min_dims=2, max_dims=4, max_side=5))
)


@given(NUMBERS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_reads_what_scipy_reads(numbers: NDArray[np.float64], compressed: bool) -> None:
    data = saved({"before": np.arange(3), "joints": numbers, "after": "text"}, compressed=compressed)
    np.testing.assert_array_equal(read(data), loadmat(io.BytesIO(data))["joints"])


def element(kind: int, data: bytes, order: str) -> bytes:
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)


def by_hand(numbers: NDArray[np.float64], order: str, stored: str, kind: int, name: bytes = b"joints") -> bytes:
    """A file of another machine or program: with its order of bytes, its header, and doubles stored as `stored`."""
    header = b"MATLAB 5.0 MAT-file, written by another program".ljust(124) + struct.pack(f"{order}H", 0x0100)
    header += b"IM" if order == "<" else b"MI"
    flags = element(6, struct.pack(f"{order}II", 6, 0), order)
    axes = element(5, struct.pack(f"{order}{numbers.ndim}i", *numbers.shape), order)
    values = element(kind, numbers.astype(f"{order}{stored}").tobytes(order="F"), order)
    return header + element(14, flags + axes + element(1, name, order) + values, order)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("stored", "kind"), [("f8", 9), ("u1", 2), ("i2", 3), ("f4", 7)])
def test_reads_either_order_of_bytes_and_numbers_stored_small(order: str, stored: str, kind: int) -> None:
    numbers = np.arange(24.0).reshape(2, 3, 4)
    data = by_hand(numbers, order, stored, kind)
    np.testing.assert_array_equal(loadmat(io.BytesIO(data))["joints"], numbers)
    np.testing.assert_array_equal(read(data), numbers)


@pytest.mark.parametrize(
    "variables",
    [
        {"others": np.ones((2, 2))},
        {"joints": "text"},
        {"joints": {"field": np.ones(3)}},
        {"joints": np.array([[1 + 2j]])},
        {"joints": np.array([["a", "b"]], object)},
    ],
    ids=["none", "text", "structure", "complex", "cells"],
)
def test_what_holds_no_real_numbers_is_none(variables: dict[str, object]) -> None:
    assert read(saved(variables)) is None
    assert read(saved(variables, compressed=True)) is None


def test_a_file_of_a_newer_kind_is_told_how_to_be_saved() -> None:
    with pytest.raises(InputError, match=r"a\.mat is a MATLAB 7\.3 file, and 5\.0 is read: save it with -v7, or give"):
        read(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b"\0"))


@given(
    st.booleans(), st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6), st.integers(0, 12)), max_size=6)
)
@settings(max_examples=150, deadline=None)
def test_altered_bytes_are_read_or_refused(compressed: bool, edits: list[tuple[int, bytes, int]]) -> None:
    data = saved({"joints": np.arange(84.0).reshape(14, 3, 2)}, compressed=compressed)
    for place, new, gone in edits:
        place %= len(data)
        data = data[:place] + new + data[place + gone :]
    said = ""
    try:
        read(data)
    except InputError as error:
        said = str(error)
    assert said.isprintable()
    assert not said or said.endswith("give another")


def test_the_shared_damaged_file_is_one_sentence(shared_cases: Path) -> None:
    with pytest.raises(InputError, match=r"joints\.mat is damaged and cannot be read"):
        read_annotations(shared_cases / "a7_joints_mat_damaged")
