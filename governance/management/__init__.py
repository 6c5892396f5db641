"""The management commands of `governance`."""
