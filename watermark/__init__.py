"""How does the sound itself say so? Marking and detection."""
