"""Setting up, demonstrating and operating Vivavoce."""
