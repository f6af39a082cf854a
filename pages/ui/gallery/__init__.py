"""What stands on the gallery alone."""
