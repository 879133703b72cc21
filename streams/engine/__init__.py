"""The pure core: what happens to a shard when events arrive or time passes.

Knows the contract and arithmetic. Must not know Faust, Kafka, Prometheus, a clock or chance.
"""
