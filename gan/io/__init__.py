"""Files and image bytes. numpy and Pillow.

atomic            whole-file replacement and appending, for files that other processes read
untrusted_files   bounded reads of files that may be damaged or forged
json_files        JSON documents and lines, checked against a type
store_checks      what the store's file system does
file_lock         locks that the kernel frees when their holder dies
png               PNG bytes of many images at once
contact_sheet     many images in one picture
animation         sample sheets as an animated GIF
image_errors      what reading a damaged image can raise
progress          the type of a progress callable
markdown_text     texts of users within Markdown
csv_cells         cells of tables that are no formulas
terminal          printing to a terminal, without control characters
fault_injection   the faults that the soak test plants
old_views         old attributes of files, which it plants as well
"""
