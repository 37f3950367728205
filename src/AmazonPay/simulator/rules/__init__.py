"""Amazon's rules as data and pure functions."""
