"""Benchmarks: what an operation costs, what a delivery costs, what memory stays. No product code.

`python -m crdtchat.bench` prints the tables of docs/performance.md.
"""
