"""Images from a trained generator.

conditions     Condition <-> text, row, folder     provenance         Origin, the PNG text, the command
latents        noise, interpolation, decoding      subclass_sampling  which subclass an image gets
sampler        Sampler, load_generator             views              what a gallery shows
interpolation  latent walks                        marks              images kept or rejected
"""
