"""Amazon's rules: limits, addresses, test cards, settlements and report files."""
