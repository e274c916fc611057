"""What a caller hears and presses: the flow as data, and walking it. Pure."""
