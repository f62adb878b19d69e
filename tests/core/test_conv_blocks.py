"""The convolution layer works on blocks of images: no result depends on how the batch is cut, or on what is kept."""

import platform
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_agree, conv_cases, normal, quick, seeds

from course_lib import _blocks, _conv_columns, conv
from course_lib.conv import (
    conv1d_backward,
    conv1d_forward,
    conv2d_backward,
    conv2d_backward_loops,
    conv2d_forward,
    conv2d_forward_loops,
)


@quick
@given(st.integers(1, 40), st.integers(1, 10**8), st.one_of(st.none(), st.integers(1, 50)))
def test_blocks_cut_the_batch_once_from_end_to_end(images, image_bytes, chunk):
    blocks = _blocks.image_blocks(images, image_bytes, chunk)
    assert [i for block in blocks for i in range(images)[block]] == list(range(images))
    largest = max(block.stop - block.start for block in blocks)
    if chunk is not None:
        assert largest <= chunk
    else:
        assert largest == 1 or largest * image_bytes <= _blocks.BLOCK_BYTES
    assert len(blocks) == 1 or largest - min(block.stop - block.start for block in blocks[:-1]) == 0


@pytest.fixture(params=["kept", "made again", "image by image, kept", "image by image, made again", "a matrix each"])
def memory_plan(request, monkeypatch):
    """The ways in which a large layer may go through its blocks, on small ones."""
    if request.param == "a matrix each":
        monkeypatch.setattr(_conv_columns, "FEW_POSITIONS", 1)
    if "image by image" in request.param:
        monkeypatch.setattr(_blocks, "BLOCK_BYTES", 1)
    if "made again" in request.param:
        monkeypatch.setattr(conv, "KEPT_BYTES", 0)


def layer(seed=0, n=5, dtype=np.float64):
    x, w, b = normal(seed, n, 4, 7, 6, dtype=dtype), normal(seed + 1, 6, 2, 3, 2, dtype=dtype), normal(seed + 2, 6)
    return x, w, b.astype(dtype), {"stride": (2, 1), "pad": (1, 2), "dilation": (1, 2), "groups": 2}


def copies(arrays):
    return [a.copy() for a in arrays]


def assert_same(got, expected):
    for a, b in zip(got, expected, strict=True):
        assert np.array_equal(a, b)


@quick
@given(seeds, conv_cases(), st.integers(1, 3))
def test_chunks_change_nothing(seed, case, chunk):
    x, w, b = case.draw(seed)
    out, cache = conv2d_forward(x, w, b, **case.options)
    in_chunks, chunk_cache = conv2d_forward(x, w, b, **case.options, chunk=chunk)
    assert_agree(in_chunks, out)
    dout = normal(seed + 3, *out.shape)
    grads = conv2d_backward(dout, cache)
    for got, from_loops, expected in zip(
        conv2d_backward(dout, chunk_cache),
        conv2d_backward(dout, conv2d_forward_loops(x, w, b, **case.options)[1]),
        grads,
    ):
        assert_agree(got, expected)
        assert_agree(from_loops, expected)
    first_layer = conv2d_backward(dout, chunk_cache, need_dx=False)
    assert first_layer[0] is None
    for got, expected in zip(first_layer[1:], grads[1:]):
        assert_agree(got, expected)


@quick
@given(seeds, conv_cases())
def test_a_matrix_for_each_image_or_one_for_all(seed, case):
    x, w, b = case.draw(seed)
    out, cache = conv2d_forward_loops(x, w, b, **case.options)
    dout = normal(seed + 3, *out.shape)
    expected = (out, *conv2d_backward_loops(dout, cache))
    for few in (1, 10**6):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_conv_columns, "FEW_POSITIONS", few)
            out, cache = conv2d_forward(x, w, b, **case.options)
            for got, by_loops in zip((out, *conv2d_backward(dout, cache)), expected, strict=True):
                assert_agree(got, by_loops)


def test_a_second_backward_gives_the_same(memory_plan):
    x, w, b, options = layer()
    out, cache = conv2d_forward(x, w, b, **options)
    dout, other = normal(3, *out.shape), normal(4, *out.shape)
    first = conv2d_backward(dout, cache)
    kept = copies(first)
    between = conv2d_backward(other, cache)
    again = conv2d_backward(dout, cache)
    assert_same(again, first)
    assert_same(first, kept)  # a caller who keeps an old result keeps it
    assert not any(np.shares_memory(a, b) for a in first for b in (*between, *again, x, w, dout, out))
    assert_same(conv2d_backward(dout, cache, need_dx=False)[1:], first[1:])
    fresh = conv2d_forward(x, w, b, **options)[1]
    assert_same(conv2d_backward(dout, fresh, need_dx=False)[1:], first[1:])
    assert_same(
        conv2d_backward(dout, fresh), first
    )  # after the first, which used the columns up without writing to them


def test_a_consumed_cache_is_refused(memory_plan):
    x, w, b, options = layer()
    for forward in (conv2d_forward, conv2d_forward_loops):
        out, cache = forward(x, w, b, **options)
        dout = normal(3, *out.shape)
        expected = conv2d_backward(dout, conv2d_forward(x, w, b, **options)[1])
        with pytest.raises(ValueError, match="^dout: "):
            conv2d_backward(dout[:1], cache, consume=True)  # this one has not begun, so it has used nothing up
        assert_same(conv2d_backward(dout, cache), expected)
        assert_same(conv2d_backward(dout, cache, consume=True), expected)
        for consume in (False, True):
            with pytest.raises(ValueError, match="^cache: expected one not used up, .* consume=True"):
                conv2d_backward(dout, cache, consume=consume)
        assert_same(conv2d_backward(dout, forward(x, w, b, **options)[1], consume=True), expected)


def test_a_consumed_cache_of_signals_is_refused():
    out, cache = conv1d_forward(normal(0, 5, 4, 20), normal(1, 6, 4, 3))
    dout = normal(3, *out.shape)
    expected = conv1d_backward(dout, cache)
    for got, gradient in zip(conv1d_backward(dout, cache, consume=True)[:2], expected):
        assert np.array_equal(got, gradient)
    with pytest.raises(ValueError, match="^cache: "):
        conv1d_backward(dout, cache)


def test_nothing_is_kept_after_a_backward_pass(memory_plan):
    x, w, b, options = layer()
    for consume in (False, True):
        out, cache = conv2d_forward(x, w, b, **options)
        conv2d_backward(out, cache, consume=consume)
        assert not cache[-1].columns


def test_two_forwards_before_a_backward(memory_plan):
    x, w, b, options = layer()
    x2, w2, b2, _ = layer(seed=10)
    dout = normal(3, *conv2d_forward(x, w, b, **options)[0].shape)
    expected = [conv2d_backward(dout, conv2d_forward(*a, **options)[1]) for a in ((x, w, b), (x2, w2, b2))]
    out, cache = conv2d_forward(x, w, b, **options)
    kept = out.copy()
    out2, cache2 = conv2d_forward(x2, w2, b2, **options)
    assert_same(conv2d_backward(dout, cache), expected[0])
    assert_same(conv2d_backward(dout, cache2), expected[1])
    assert np.array_equal(out, kept) and not np.shares_memory(out, out2)


def test_a_caller_may_write_to_the_output(memory_plan):
    x, w, b, options = layer()
    out, cache = conv2d_forward(x, w, b, **options)
    dout = normal(3, *out.shape)
    expected = copies(conv2d_backward(dout, conv2d_forward(x, w, b, **options)[1]))
    out[...] = np.nan
    got = conv2d_backward(dout, cache)
    assert_same(got, expected)
    for gradient in got:
        gradient[...] = np.nan
    assert_same(conv2d_backward(dout, cache), expected)


def test_threads_share_a_cache_and_have_their_own(memory_plan):
    x, w, b, options = layer(n=8)
    out, shared = conv2d_forward(x, w, b, **options)
    douts = [normal(20 + i, *out.shape) for i in range(4)]
    expected = [conv2d_backward(d, conv2d_forward(x, w, b, **options)[1]) for d in douts]
    found, start = {}, threading.Barrier(len(douts))

    def work(i):
        start.wait()
        results = []
        for _ in range(5):
            results.append(conv2d_backward(douts[i], shared))
            results.append(conv2d_backward(douts[i], conv2d_forward(x, w, b, **options)[1]))
        found[i] = results

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(douts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, results in found.items():
        for got in results:
            assert_same(got, expected[i])
    assert len(found) == len(douts)


def test_mixed_dtypes(memory_plan):
    x, w, b, options = layer()
    out, cache = conv2d_forward(x.astype(np.float32), w, b, **options)
    dout = normal(3, *out.shape)
    exact = conv2d_backward(dout, conv2d_forward(x, w, b, **options)[1])
    assert out.dtype == np.float64
    for got, expected in zip(conv2d_backward(dout, cache), exact):
        assert np.max(np.abs(got - expected)) <= 2e-5 * np.max(np.abs(expected))


def peak_memory(run):
    """Bytes at the peak of a run, beyond the arrays that it returns."""
    run()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        results = run()
        return tracemalloc.get_traced_memory()[1] - before - sum(r.nbytes for r in results)
    finally:
        tracemalloc.stop()


def w1(chunk, images=64):
    x, w, b = normal(0, images, 3, 32, 32), normal(1, 32, 3, 5, 5), normal(2, 32)
    dout = normal(3, images, 32, 32, 32)

    def run():
        out, cache = conv2d_forward(x, w, b, pad=2, chunk=chunk)
        return out, *conv2d_backward(dout, cache)

    return run, images * 75 * 32 * 32 * 8  # and the bytes of its column matrix


def test_a_chunk_bounds_the_memory():
    for images in (16, 64):
        run, _ = w1(chunk=1, images=images)
        assert peak_memory(run) < 1.1e6  # one image's columns are 614 KB, its upstream gradient 262 KB


def test_without_one_it_is_at_most_a_column_matrix():
    run, columns = w1(chunk=None)
    assert peak_memory(run) < 0.3 * columns  # 39 MB: not kept
    run, columns = w1(chunk=None, images=40)
    assert peak_memory(run) < 1.1 * columns  # 25 MB: kept, and their gradient in their place, beside one block's strips


def test_freed_memory_is_used_again():
    code = """
import resource
import numpy as np
from course_lib.conv import conv2d_backward, conv2d_forward
x, w = np.ones((64, 3, 32, 32)), np.ones((16, 3, 5, 5))
pages = []
for _ in range(4):
    out, cache = conv2d_forward(x, w, pad=2, stride=2)
    conv2d_backward(out, cache)
    pages.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(pages[-1] - pages[-2])
"""
    if platform.libc_ver()[0] != "glibc":
        code = "print(0)"  # other memory managers have other rules
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 500  # pages of 4 KB that the system handed out; the columns alone are 2,400


def test_signals_in_chunks():
    x, w, b = normal(0, 5, 4, 20), normal(1, 6, 2, 3), normal(2, 6)
    options = {"stride": 2, "pad": 1, "dilation": 2, "groups": 2}
    out, cache = conv1d_forward(x, w, b, **options)
    chunked, chunk_cache = conv1d_forward(x, w, b, **options, chunk=2)
    assert_agree(chunked, out)
    dout = normal(3, *out.shape)
    dx, dw, db = conv1d_backward(dout, cache)
    for got, expected in zip(conv1d_backward(dout, chunk_cache), (dx, dw, db)):
        assert_agree(got, expected)
    none, dw_alone, db_alone = conv1d_backward(dout, cache, need_dx=False)
    assert none is None
    assert_agree(dw_alone, dw)
    assert_agree(db_alone, db)


@pytest.mark.parametrize("chunk, error", [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_bad_chunks_are_named(chunk, error):
    with pytest.raises(error, match="^chunk: expected an integer"):
        conv2d_forward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), chunk=chunk)
    with pytest.raises(error, match="^chunk: expected an integer"):
        conv1d_forward(np.ones((1, 1, 3)), np.ones((1, 1, 2)), chunk=chunk)
