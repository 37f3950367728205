"""What answers each operation of the API, one noun a file."""
