"""The memory that the layers work in: a few images at a time, in memory that was used before.

An array larger than the processor's cache is written to the machine's memory and read back from there by the next step,
which takes longer than the arithmetic. So the layers do all their steps on one block of images, then go on to the next.
"""

import numpy as np

BLOCK_BYTES = 4 * 2**20


def image_blocks(images, image_bytes, chunk=None):
    """Slices of the batch: `chunk` images each, or by default as many as take BLOCK_BYTES together."""
    most = max(1, BLOCK_BYTES // image_bytes) if chunk is None else chunk
    count = -(-images // most)
    size = -(-images // count)  # blocks of nearly the same size, none of them larger than `most`
    return [slice(first, min(first + size, images)) for first in range(0, images, size)]


# Large arrays that are freed go back to the operating system, which hands the memory out again page by page, filled
# with zeros: a net is trained half as fast that way. C's memory manager on Linux keeps what it sees come and go, up to
# arrays of 32 MB. So it is shown one of nearly that size, once; no page of it is ever touched.
np.empty(31 * 2**20, dtype=np.uint8)
