"""Conditional GANs for small biomedical image sets: train, watch, sample, export.

Read `config.py` first: one typed object describes a run, and every other module takes it or a part of it.
"""

__version__ = "0.1.0"
