"""Who can be spoken as? Voices, enrolment, the vault of references."""
