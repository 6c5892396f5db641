"""Learning a speaker's voice from their words said twice: once by them, once by a stock voice."""
