"""creator-pulse: live engagement monitoring for creators, as a stream processor."""
