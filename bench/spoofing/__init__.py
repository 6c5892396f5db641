"""The recipe of the spoof detector: make material, train, calibrate, evaluate (`make train-spoof-detector`)."""
