"""Numbers let through or stopped by a condition, as ReLU and max pooling do on the way back."""

import numpy as np


def keep(values, where):
    """np.where(where, values, 0), several times as fast: it jumps at each change of `where`, and those come at random.

    All bits of a number are kept, or none, which is 0.0; a product with 0 or 1 would make NaN of an infinite gradient.
    """
    bits = np.dtype(f"i{values.itemsize}")
    mask = np.array(where, dtype=bits)
    np.negative(mask, out=mask)  # -1 has every bit set
    np.bitwise_and(mask, values.view(bits), out=mask)
    return mask.view(values.dtype)
