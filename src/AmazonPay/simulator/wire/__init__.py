"""What goes over the wire: requests, answers, errors, and how they are read."""
