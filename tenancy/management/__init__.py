"""The management commands of `tenancy`."""
