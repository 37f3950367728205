"""State, time, ids and faults, whatever the API is."""
