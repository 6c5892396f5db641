"""What did the speaker agree to? Ceremony, scope, lifecycle, receipts."""
