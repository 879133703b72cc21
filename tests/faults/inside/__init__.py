"""What runs inside a campaign's workers, and the replay: the only part that imports the product.

Test-only hooks, switches and the journal are put on from outside here, so that production code has
none. Nothing that judges may import this.
"""
