import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import frozen, normal, quick, seeds

from course_lib._select import keep


@quick
@given(seeds, st.sampled_from([np.float32, np.float64]))
def test_it_is_where(seed, dtype):
    values, where = normal(seed, 5, 6, dtype=dtype), np.random.default_rng(seed).random((5, 6)) > 0.5
    for v, w in [(values, where), (values.T, where.T), (values[:, ::2], where[:, ::2]), (values[:0], where[:0])]:
        kept = keep(v, w)
        assert kept.dtype == dtype and kept.flags.writeable
        assert np.array_equal(kept, np.where(w, v, 0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_nan_and_signs(dtype):
    values = frozen([np.inf, np.nan, -np.inf, -0.0, -1.0], dtype)
    stopped = keep(values, np.zeros(5, bool))
    assert (stopped == 0).all() and not np.signbit(stopped).any()
    passed = keep(values, np.ones(5, bool))
    assert np.array_equal(passed, values, equal_nan=True) and np.signbit(passed[3])
