"""Slurm as an engine: plain `sbatch`, `squeue`, `scancel` and `scontrol requeue`. No daemon, no open port, no sacct.

commands    the four programs, and their errors    script      the batch script of a job
queue_cache one squeue for all that look           reasons     Slurm's codes in sentences
engine      submit, ask, signal, cancel            batch_job   the job's own side, on the node
packing     many small units of work in few jobs    arrays      these jobs, submitted in their order
"""
