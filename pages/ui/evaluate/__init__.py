"""The parts of the Evaluate page.

head           snapshot and report            conclusion         what the numbers mean
score_panels   scores of a snapshot           study_panels       augmentation study
copies         near copies, membership test   reader             blind reader study
evaluation_jobs  start and watch evaluations  evaluation_charts  figures as plain data
"""
