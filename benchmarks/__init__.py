"""Side-by-side measurements of the library: `make bench`, or `python -m benchmarks --help`.

`threads` sets the number of threads, `workloads` says what is computed, `peers` computes it with PyTorch or by loops,
`measure` takes times and memory, `report` prints them.
"""
