"""The augmentation study: do synthetic images help a classifier?

run_study        the study of a snapshot           study_options    what can be chosen
study_plan       regimes, arms, estimated time     arms             training sets and their comparators
sealed_data      development set, test split       arm_generators   the generator of each regime
arm_classifiers  train, choose, predict            analysis         from predictions to arms
classification_metrics  weighted metrics           comparisons      bootstrap, p-values, Holm
verdict          the numbers in a sentence
"""
