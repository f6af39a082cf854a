"""Image sets: every source becomes an ImageSet of uint8 arrays, conditions and splits. No torch.

image_set     ImageSet, the arrays                    info           DatasetInfo, what a run keeps of a set
registry      load, cache and preview a set           catalogue      the sets to choose from
sources/      one module per source of images         ingest/        check and import a user's own files
splits        stratified splits of a fixed set        stable_splits  splits of a folder that may grow
fingerprint   whether a run's data has changed        transform      crop, pad and resize
decode        decode image files in parallel          preview        a few images of a set
summary       groups, and findings before training    order          the training order for a seed
subclasses    k-means clusters within each class      diversity      pixel spread of images
training_size          the size that images propose   attribute_correlation  phi coefficients of attribute pairs
label_edits   decisions on the labels of a set's training images
unlabelled    which images without a label may be learned
set_notes     what users write about a set: title, description, source, licence, consent
"""
