"""The HTTP interface: parses, authenticates, calls one function, and renders; no logic lives here."""
