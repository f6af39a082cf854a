"""What users can ask for: the options of a run, and the settings of an installation. Standard library and pydantic.

run_config   RunConfig: START HERE
options      the walk over its fields; configs from dotted paths, arguments and JSON
presets      named RunConfigs
settings     GAN_* environment variables
names        valid names of runs and added data sets
"""
