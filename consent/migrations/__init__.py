"""Migrations of `consent`."""
