"""The networks.

build   families by name, and new networks from a config
dcgan   the conditional DCGAN     projection   the projection GAN
layers  Conv2d and ConvTranspose2d with a faster path for bfloat16 on a CPU
"""
