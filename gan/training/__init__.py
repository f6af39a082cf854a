"""Training: the step, the loop, and what is decided before a start.

train           the step and the loop            clock             when a tick is due, metrics, rate
losses          the losses of D and G            sample_sheets     images of fixed noise over time
diffaugment     augmentation for D               checkpoint        snapshots, exact resumption
mismatched_pairs  images under wrong conditions  failures          NaN, out of memory
batches         images to the device             held_out          D's gap on held-out images
precision       bfloat16 where it pays           compilation       torch.compile, decided once a run
snapshot_hooks  what is asked and told about snapshots
training_set    the images and conditions that a run learns
subclass_labels   the subclasses of a run      pseudo_labels    classes inferred for unlabelled images
start_from      the weights of another run, FreezeD
ranks           what several GPUs exchange        rank_processes   their processes
timing          the speed of some steps

Without torch: recommend (`--preset auto` and lengths), auto_choices (why it takes what), preflight (problems before a
start), estimate (memory, disk, time), estimate_memory (what a step keeps), measured_speed (the speed of training on
this machine).
"""
