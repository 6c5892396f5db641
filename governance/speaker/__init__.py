"""What a speaker sees in a browser: the consent ceremony, and afterwards the page of their own voice."""
