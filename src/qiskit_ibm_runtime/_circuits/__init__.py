"""What a circuit says: its normal form, how to get it and what to make of it."""
