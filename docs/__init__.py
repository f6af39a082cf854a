"""What documents the program, and what makes it: the table and pictures of the README, the demo run, the recordings."""
