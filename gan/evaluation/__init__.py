"""The quality of generated images: scores, privacy, and whether they help a classifier.

records         results as JSON in the run folder (no torch)
classifiers     the small ResNet and others; the cached reference classifier
scores          one snapshot against held-out real images, beside real against real
privacy         near copies, the export guard, the membership test
study           do the images help a classifier on sealed real images?
report          one HTML file that opens offline
job             evaluation jobs and their requests       tasks            the work of each kind of job
beside_training scores of every snapshot while a run trains
budget          numbers of images, training lengths      statistics       bootstrap, Wilson, Clopper-Pearson, Fisher
selection       the keep rate (no torch)                 selector         the scores by which images are kept
training_images a run's own training images              reader_study     a blind reading by an expert
study_estimate  the estimated duration of a study
pseudo_labels   classes of unlabelled images, which the GAN then learns
suspect_labels  wrong labels of training images          suspect_search   their task and its expected time (no torch)
"""
