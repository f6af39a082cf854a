"""The augmentation study: do synthetic images help a classifier?

run_study               the study of a snapshot
study_options           what can be chosen
study_plan              regimes, divisions and arms to run
estimate                time, and the gain it can see
divisions               training, validation, sealed test
arms                    training sets and their controls
additions               what arms add to the real images
rare_attributes         how often rare attributes are repeated
arm_generators          the generator of each division
guarded_generation      without near copies, as exports
arm_classifiers         train, choose, predict
arm_training            how one classifier is trained
classifier_timing       seconds of a training step
study_parts             classifiers trained by other jobs
study_files             what else the study's folder keeps
predictions             what classifiers say of images
classification_metrics  metrics and influences
analysis                from predictions to arms
confirmation_plan       the arms to confirm
power                   which gain a study can see
comparisons             variances, intervals, Holm
moderation              seeds' variances across arms
external_test           another set to test on
external_classes        its classes and ours
external_results        the results on it
subgroups               results by sex, scanner and the like
regime_results          the record of a regime
verdict                 the numbers in a sentence
notices                 warnings about the numbers
"""
