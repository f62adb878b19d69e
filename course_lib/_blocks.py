"""The batch in blocks: a few images at a time, whose intermediate results stay in the processor's cache.

An array larger than the cache is written to the machine's memory and read back from there by the next step, which
takes longer than the arithmetic. So the layers do all their steps on one block of images, then go on to the next.
"""

BLOCK_BYTES = 4 * 2**20


def image_blocks(images, image_bytes, chunk=None):
    """Slices of the batch: `chunk` images each, or by default as many as take BLOCK_BYTES together."""
    most = max(1, BLOCK_BYTES // image_bytes) if chunk is None else chunk
    count = -(-images // most)
    size = -(-images // count)  # blocks of nearly the same size, none of them larger than `most`
    return [slice(first, min(first + size, images)) for first in range(0, images, size)]
