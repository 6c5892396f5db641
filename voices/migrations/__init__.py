"""Migrations of `voices`."""
