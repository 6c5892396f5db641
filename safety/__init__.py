"""What do careful ears and eyes notice? Findings, never verdicts."""
