"""Backtest: what alerts would have come of recorded events, under these rules or those."""
