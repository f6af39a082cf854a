"""Archives, and what a folder holds.

archive           unpack an untrusted archive          archive_formats   ZIP, tar and single files by their content
member_names      safe names, and their encoding       unpack_record     what was left out of an archive
containers        npz and parquet files with images    npz_images, parquet_images, contained_image
listing           images, tables and others            file_kinds        the kind of a file, and what to do about it
findings          findings about files                 synthetic         exports of this program
"""
