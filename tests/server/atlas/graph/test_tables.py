"""Single geometries and names."""

import numpy as np
import numpy.testing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.atlas.graph.encode import E7, shape_bytes

from zimfo_server.atlas.graph.tables import MAX_NAME_BYTES, MAX_SHAPE_BYTES, NameTable, ShapeTable
from zimfo_server.errors import MapUnreadableError

# Steps have 32 bits: some 214 degrees.
coordinates = st.tuples(st.integers(-90 * E7, 90 * E7), st.integers(-107 * E7, 107 * E7))


def decode(data: bytes) -> np.ndarray:
    return ShapeTable(np.array([0, len(data)], np.uint32), memoryview(data), "streets").points(0)


def test_the_example_of_the_format_document():
    points = decode(bytes.fromhex("c08add0e a036dd23 14 09"))

    npt.assert_allclose(points, [[60.17, 24.94], [60.1699995, 24.940001]], rtol=0, atol=1e-10)


@given(st.lists(coordinates, max_size=30))
def test_what_is_written_is_read(points: list[tuple[int, int]]):
    npt.assert_allclose(decode(shape_bytes(points)) * E7, np.array(points).reshape(-1, 2), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "data",
    [
        b"1234567",  # no whole point
        bytes(8) + b"\x14",  # longitude without latitude
        bytes(8) + b"\x14\x89",  # ends within a number
        bytes(8) + b"\x14\x80",
        bytes(8) + b"\x80\x80\x80\x80\x80\x01\x00",  # six bytes
        bytes(4) + (91 * E7).to_bytes(4, "little"),
        (181 * E7).to_bytes(4, "little") + bytes(4),
        bytes(8) + b"\x00\xff\xff\xff\xff\x7f",  # a step off the earth
        bytes(MAX_SHAPE_BYTES + 2),
    ],
)
def test_a_malformed_geometry_is_refused(data: bytes):
    with pytest.raises(MapUnreadableError, match="geometry of an edge"):
        decode(data)


@given(st.binary(max_size=40))
def test_any_bytes_are_points_on_earth_or_an_error(data: bytes):
    try:
        points = decode(data)
    except MapUnreadableError:
        return
    assert points.shape[1] == 2
    assert (np.abs(points) <= [90, 180]).all()


def test_a_name_without_end_is_cut():
    table = NameTable(np.array([0, 10**5], np.uint32), memoryview(b"a" * 10**5))

    assert table.text(0) == "a" * MAX_NAME_BYTES
    assert table.text(1) == table.text(-1) == ""
