"""Image sets: every source becomes an ImageSet of uint8 arrays, conditions and splits. No torch.

image_set      ImageSet                              info           what a run keeps of a set
registry       load, cache and preview a set         catalogue      the sets that there are
sources        one file for each origin              ingest         a user's files, checked and added
splits         stratified and by group               stable_splits  of a folder that grows
fingerprint    whether images are still the same     transform      pad, crop, resize
decode         image files, in parallel              preview        a few images of a set
summary        counts and findings                   order          the training order by seed
attribute_correlation  which attributes go together
subclasses     k-means clusters within a class       diversity      how much images differ
"""
