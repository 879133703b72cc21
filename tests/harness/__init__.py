"""What tests need around the system: a real Kafka and Prometheus, processes, ports, patience."""
