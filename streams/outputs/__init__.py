"""Outputs beside Kafka: what a running worker tells those who watch it."""
