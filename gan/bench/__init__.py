"""Measuring the product: speed against the textbook loop, pages, loading, and truth under faults.

throughput     images per second, training and export   textbook_dcgan  the loop it is compared with
roofline       what this machine could reach            loading_speed   sets larger than memory
page_speed     pages over 200 long runs                 soak            faults at random, then every check
soak_client    one of its processes                     soak_observer   what must be true meanwhile
"""
