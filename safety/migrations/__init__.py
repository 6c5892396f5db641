"""Migrations of `safety`."""
