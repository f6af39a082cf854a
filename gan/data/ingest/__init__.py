"""A user's own files become an image set: unpacked, listed, read in a way that the user confirms, and checked.

files/        archives, and what a folder holds
labels/       how files become labelled images: tables, folders, names of files
pixels/       decode one file of any format
checks/       findings about a set, and the report
staging       uploads, stored as they were sent            upload_check   their check by a job, and its report
accepted_sets sets that were accepted, until they go       import_plan    the result: files, conditions, splits
file_examples examples of each class before acceptance      upload_images  the images of an upload, unpacked
identifiers   salted hashes of patients                    hand_labels    labels given in the browser
"""
