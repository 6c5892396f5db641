"""A witness and its client: a party that remembers how far a log has come, and cosigns only what grew from there."""
