"""A run is a folder. No torch.

run            Run: the files of its folder          lifecycle      create, submit, resume, delete
notes          title, tags, notes                    events         snapshots, resumptions, warnings
metrics        METRICS and the writer of the curves  metrics_table  the curves as columns, CSV
sample_sheets  labels of the sample sheets           snapshots      ready.json of a snapshot
sweeps         runs that belong together             parents        the run that another starts from
demo_runs      the runs that come with the program   set_users      the runs trained on an added set
"""
