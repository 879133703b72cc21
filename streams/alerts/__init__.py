"""Alerts as people deal with them: what was told, what they said of it, and how good it was.

Knows the topics `alerts` and `alert-commands`. Must not know how an alert comes about.
"""
