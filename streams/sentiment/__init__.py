"""Sentiment at the command line: what the analyser makes of a text, and how often it is right.

Knows files and terminals. Must not judge: that is `streams.engine.sentiment`.
"""
