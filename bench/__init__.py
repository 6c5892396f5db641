"""What is measured: speed as ratios (`bench.run`), accuracy with intervals (`bench.evaluate`)."""
