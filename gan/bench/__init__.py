"""Benchmarks of the product, and a soak test with random faults.

throughput     images per second, training and export   textbook_dcgan  the training loop compared with
roofline       the most this machine could reach        loading_speed   sets larger than memory
reading_speed  checking and reading files              page_speed      pages over 200 long runs
checking_speed the check of small and of large files
soak           faults at random, then every check       soak_client     one process of the soak
soak_observer  what must hold during the soak
"""
