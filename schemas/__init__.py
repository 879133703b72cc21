"""The contract: what travels on the topics, and how it is written down.

Knows the shape of every record and the list of topics. Must not know who reads or writes them:
no IO, no clock, nothing of `streams`.
"""
