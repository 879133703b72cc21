"""Detectors: one module for each kind of alert.

Each knows when its kind is due and says so as alert records. Must not know the others.
"""
