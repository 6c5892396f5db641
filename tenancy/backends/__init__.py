"""Key management backends."""
