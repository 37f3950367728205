"""What the buyer and the bank do, as methods and as HTTP calls."""
