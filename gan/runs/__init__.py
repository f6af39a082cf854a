"""A run is a folder. No torch.

run            Run: what lies in its folder, by name   lifecycle      create, submit, resume, delete
notes          title, tags, notes                      events         where it was resumed
metrics        the curves: writer and reader           metrics_table  the curves as columns
metrics_csv    the curves for a spreadsheet            sample_sheets  fixed-noise pictures over time
"""
