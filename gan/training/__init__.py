"""Training: the step, the loop, and what decides on them beforehand.

train          the step and the loop          losses            what D and G minimise
batches        images to the device           checkpoint        snapshots, and going on exactly
ticks          once a tick: points, samples   held_out          D's gap on unseen images
diffaugment    augmentation for D             mismatched_pairs  real images under wrong conditions
subclass_labels  the subclasses of a run      compilation       torch.compile, decided once a run
precision      bfloat16 where it pays         recommend         `--preset auto`        (no torch)
preflight      problems before a start (no torch)   estimate    memory, disk and time  (no torch)
"""
