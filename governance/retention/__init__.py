"""How long things are kept: one schedule, from which both the nightly job and the public page are made."""
