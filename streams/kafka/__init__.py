"""The Kafka seam: batches in, one transaction per partition out, partitions changing hands."""
