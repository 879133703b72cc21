"""The published contract: documents in step with the types, and old readers not betrayed."""
