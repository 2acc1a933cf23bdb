"""Similarities from signed bytes are those of the vectors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from claudetools.kit.search import vectors
from claudetools.kit.search.embed import dequantise, quantise, unit_rows
from claudetools.kit.search.vectors import Vectors


def some_units(count: int, dimensions: int = 384, seed: int = 0) -> NDArray[np.float32]:
    return unit_rows(np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "BLOCK_ROWS", 32)


def filled(units: NDArray[np.float32]) -> Vectors:
    matrix = Vectors(units.shape[1])
    for blob in quantise(units):
        matrix.append(blob)
    return matrix


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_similarity_is_the_cosine(count: int) -> None:
    units = some_units(count)
    query = units[count // 2]
    assert filled(units).similarity(query) == pytest.approx(units @ query, abs=0.01)


def test_rows_without_or_with_a_foreign_vector_are_similar_to_nothing() -> None:
    units, matrix = some_units(2), Vectors(384)
    matrix.append(None)
    matrix.append(b"\x01" * 128)
    matrix.append(quantise(units)[0])
    assert matrix.similarity(units[0]).tolist() == [0, 0, pytest.approx(1, abs=0.01)]


def test_a_vector_can_be_replaced_and_taken_away() -> None:
    units = some_units(3)
    matrix = filled(units)
    matrix.put(1, quantise(units)[2])
    matrix.put(0, None)
    assert matrix.similarity(units[2]) == pytest.approx([0, 1, 1], abs=0.01)


def test_unit_gives_rows_back_and_zeros_for_none() -> None:
    units = some_units(70)
    got = filled(units).unit(np.array([69, -1, 0], np.int32))
    assert got == pytest.approx(np.stack([units[69], np.zeros(384), units[0]]), abs=0.01)


def test_copy_keeps_the_given_rows_in_order() -> None:
    units = some_units(40)
    copy = filled(units).copy_of([35, 2])
    assert len(copy) == 2
    assert copy.similarity(units[35])[0] == pytest.approx(1, abs=0.01)
    assert copy.similarity(units[2])[1] == pytest.approx(1, abs=0.01)


def test_without_dimensions_nothing_is_similar() -> None:
    matrix = Vectors(0)
    matrix.append(None)
    assert matrix.similarity(np.empty(0, np.float32)).tolist() == [0]


def test_stored_vectors_keep_their_direction() -> None:
    units = some_units(50)
    blobs = quantise(units)
    assert {len(blob) for blob in blobs} == {384}
    assert (dequantise(blobs) * units).sum(axis=1).min() > 0.9995


def test_stored_vectors_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match="different dimensions"):
        dequantise([b"\x01" * 4, b"\x01" * 5])


def test_no_stored_vectors_give_no_rows() -> None:
    assert len(dequantise([])) == 0
