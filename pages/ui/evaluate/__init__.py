"""What stands on the Evaluate page alone."""
