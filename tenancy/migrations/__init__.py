"""Migrations of `tenancy`."""
