"""Two threads for everybody. Imported before NumPy: its matrix library reads these variables once, when it loads."""

import os

THREADS = 2

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(THREADS)
# A thread that waits for work spins for 2^20 cycles, less than a millisecond, then sleeps. By default it spins on for
# a second or so, and takes a core away from whoever is measured next.
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "20"
