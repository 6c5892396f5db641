"""The demonstration: one story, told through the public HTTP interface."""
