"""The whole system as processes of this machine, without containers: `python -m stack`.

Its parts (a real Kafka, Prometheus, Alertmanager, processes of ours) are what tests and benchmarks
start, too.
"""
