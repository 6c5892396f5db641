"""Trials of the speaker comparison on the speech corpus: what is compared, under which conditions, by which models."""
