"""Sources: where events come from, and the way they take to the inbound topics."""
