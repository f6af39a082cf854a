"""Benchmarks of the product, and a soak test with random faults.

throughput     images per second, training and export   textbook_dcgan  the training loop compared with
roofline       the most this machine could reach        step_parts      where the time of a training step goes
loading_speed  sets larger than memory                  page_speed      pages over 500 long runs
reading_speed  checking and reading files               checking_speed  the check of small and of large files
soak           faults at random, then every check       soak_client     one process of the soak
soak_observer  what must hold during the soak
"""
