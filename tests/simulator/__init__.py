"""What the simulator answers: requests in, answers out, all in memory."""
