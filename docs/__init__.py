"""Scripts that make the README's table and screenshots, the demo run and the recorded curves."""
