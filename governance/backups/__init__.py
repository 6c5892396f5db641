"""Backup and restore: a consistent copy, and a way back in which nothing that was erased comes back."""
