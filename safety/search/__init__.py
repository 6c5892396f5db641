"""Exact search among protected voices: an index in locked memory, thresholds that know its size, one process."""
