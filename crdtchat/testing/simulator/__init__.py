"""A seeded simulator of a server, its store and its clients (DESIGN section 10).

`run_seed(seed)` lives through one story; `World` is driven by hand or by Hypothesis.
`python -m crdtchat.testing.simulator --seeds N --first S` runs many.
"""
