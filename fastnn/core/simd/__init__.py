"""Explicit vectors: registers as values, arithmetic and functions of them, bitsets of units."""
