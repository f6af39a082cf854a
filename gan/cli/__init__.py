"""The command line: `python -m gan COMMAND`. Each file declares its commands and calls the packages.

main        the parser of all commands, and the exit codes
arguments   how the parser reports mistakes; the options of a run
app         app
train       train, submit
runs        runs, stop, resume, release, delete, logs, log
data        data list, data check, data prepare
labels      data suspects, data relabel
evaluate    evaluate
export      sample, export, export-model
doctor      doctor
bench       bench, soak
progress    the progress bar
"""
