"""What can be asked for: every option of a run, and the settings of an installation. The standard library and pydantic.

run_config   RunConfig: START HERE
options      the walk over its fields; configs from text and JSON
presets      named RunConfigs
settings     GAN_* environment variables
names        what may name a run or an added set
"""
