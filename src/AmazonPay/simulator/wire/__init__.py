"""HTTP in and out: requests, responses and errors, and how calls are read."""
