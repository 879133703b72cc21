"""Hostile input: what no honest producer sends, thrown at the decoders and the shard.

Knows the contract and the shard's doors only; needs no Kafka. `python -m tests.fuzz --help`.
"""
