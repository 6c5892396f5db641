"""What happened, provably? The append-only record of events."""
