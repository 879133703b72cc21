"""Dashboards, written in Python and committed as JSON: see `python -m grafana --help`."""
