"""Migrations of `governance`."""
