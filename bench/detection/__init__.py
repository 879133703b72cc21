"""How good the detectors are, on lives that no rule was tuned on: `python -m bench.detection`."""
