"""The augmentation study: do synthetic images help a classifier?

run_study        the study of a snapshot           study_options    what can be chosen
study_plan       regimes, arms, estimated time     arms             training sets and their comparators
sealed_data      development set, test split       arm_generators   the generator of each regime
arm_classifiers  train, choose, predict            analysis         from predictions to arms
confirmation_plan  the arm to confirm              power            which gain a study can see
classification_metrics  metrics and influences     comparisons      variances, intervals, Holm
moderation       seeds' variances across arms      verdict          the numbers in a sentence
"""
