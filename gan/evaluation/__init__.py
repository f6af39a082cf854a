"""What the images are worth: scores, privacy, and the study of whether they help a classifier.

records        what was found, as JSON in the run folder (no torch)
classifiers    the small ResNet and others, trained on real images and cached
scores         one snapshot against held-out real images, beside real against real
privacy        near copies, the guard of exports, the membership test
study          do the images help a classifier on sealed real images?
report         one HTML file that opens offline
job            an evaluation as a background job          tasks            what each kind of job does
selection      the keep rate (no torch)                   selector         scores by which images are kept
training_images  the images that a run was trained on     reader_study     a blind reading by an expert
statistics     bootstrap, Wilson, Fisher                  preparation      what pages have measured by a task
"""
