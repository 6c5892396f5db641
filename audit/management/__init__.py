"""Commands of `audit`."""
