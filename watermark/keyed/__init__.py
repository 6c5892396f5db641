"""The keyed mark: every clip's own code in the log-magnitudes of speech, found with the organisation's secret."""
