"""Downloads: a labelled ZIP with manifest and data card, written in the background.

request     what to export                      writer         generate, filter, encode, assemble
exports     begin, find and resume an export    candidates     generate images and filter them
spool       images of an unfinished export      formats        PNG folders, flat, NumPy; DICOM (dicom)
manifests   manifest.json and the data card     size_estimate  bytes and seconds, before an export
balance     how many images each class lacks    huggingface    what Hugging Face's `datasets` reads
croissant   croissant.json, of MLCommons        scorecard      the criteria of Zamzmi et al. 2025
model_export, model_files, model_card           the generator, for other programs
generator_files                                 the generator as a download of the browser
"""
