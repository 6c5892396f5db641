"""The console: what a member of an organisation reads, page by page; it decides nothing."""
