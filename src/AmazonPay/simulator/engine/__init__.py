"""What keeps state, time and faults, whatever the API is."""
