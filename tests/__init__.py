"""Tests: one file a module, and fixtures that write small data sets."""
