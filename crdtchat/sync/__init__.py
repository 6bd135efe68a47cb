"""Verified synchronisation without I/O: decides, never does.

Standard library only. Nothing here awaits, reads a clock, draws a random number or logs; time,
chance and identity are arguments, and what should happen in the world is returned as effects.
"""
