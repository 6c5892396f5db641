"""How well the keyed mark survives what happens to sound, and what it costs in quality."""
