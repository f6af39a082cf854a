"""The networks.

build   families by name, and new networks from a config
levels  feature maps at each resolution
dcgan   the conditional DCGAN     projection   the projection GAN     fastgan   FastGAN's generator
projected_discriminator  heads on frozen features (frozen_features), for fastgan
layers  Conv2d and ConvTranspose2d with a faster path for bfloat16 on a CPU
efficientnet_lite  a network with ImageNet weights     efficientnet_weights  their file
"""
