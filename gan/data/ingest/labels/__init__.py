"""How files become labelled images.

reading           Reading: START HERE                  proposals         the plausible readings of a folder
inventory         apply a reading                      class_changes     drop, rename and merge classes
tables, delimited, json_tables                         tables of any format as text
columns, image_columns, row_matching, table_rows       what columns hold, and which images rows name
table_proposals, table_labels, label_encodings, cell_values, path_names
folders, folder_tree, folder_roles, folder_names       what levels of folders are
name_parts        groups and classes in file names     split_words       train, val and test by any usual name
left_out          masks and copies                     layouts, layout_table   sets known by their structure
"""
