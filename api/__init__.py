"""What operators and monitors call."""
