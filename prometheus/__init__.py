"""What Prometheus and Alertmanager are given; `python -m prometheus` writes rules.yml."""
