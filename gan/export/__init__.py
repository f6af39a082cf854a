"""Downloads: a labelled ZIP with manifest and data card, written in the background.

exports     begin, find, resume; the ledger       request        what is asked for (no torch)
candidates  images that may go in                 writer         generate, encode, assemble
spool       what is written so far                formats        PNG tree, flat, NumPy
manifests   manifest.json and the data card       size_estimate  bytes and seconds beforehand
"""
