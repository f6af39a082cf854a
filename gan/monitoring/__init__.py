"""How a run is doing, from the files in its folder. No torch.

run_verdict      are its images worth using                   verdict_parts    what each measurement says
next_step        what to do next, and how long it takes       real_diversity   diversity of its real images
observations     curves, sample diversity, scores, process    diagnosis        the findings, worst first
curve_rules      what curves show                             image_rules      what samples and scores show
equilibrium      metrics at the ideal balance        sample_diversity pixel diversity of samples
reference_curves recorded runs, good and bad                  run_differences  what differs between runs
parent_proposal  a run to start from, for a set of few images
run_table        what the files of many runs say              score_table      scores of runs beside each other
curve_points     curves for drawing                           comparison_page  a comparison as CSV and HTML
sweep_table      the runs of a sweep, mean over seeds
tensorboard      curves, scores and samples as event files
trackers         TensorBoard, Weights & Biases, MLflow         tracked_points   what they get of a run
"""
