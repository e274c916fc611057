"""What each verb does, one module for each kind."""
