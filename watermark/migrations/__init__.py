"""Migrations of `watermark`."""
