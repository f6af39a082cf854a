"""The augmentation study: do synthetic images help a classifier?

run_study        the study of a snapshot           study_options    what can be chosen
study_plan       regimes, arms, estimated time     arms             training sets and their controls
divisions        training, validation, sealed test arm_generators   the generator of each division
arm_classifiers  train, choose, predict            study_files      what else the study's folder keeps
predictions      what classifiers say of images    analysis         from predictions to arms
confirmation_plan  the arms to confirm             power            which gain a study can see
classification_metrics  metrics and influences     comparisons      variances, intervals, Holm
moderation       seeds' variances across arms      regime_results   the record of a regime
additions        what arms add to the real images  rare_attributes  how often rare attributes are repeated
verdict          the numbers in a sentence         notices          warnings about the numbers
"""
