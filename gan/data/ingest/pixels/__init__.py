"""Decode one file of any format to the pixels that it means.

image_file        START HERE                           decoded_image     pixels, before and after the window
formats, limits   formats by first bytes, and bounds   pillow_file, tiff_file, deep_colour, colour_profile
dicom_file        DICOM pixels                         dicom_grey, dicom_elements, dicom_header, dicom_strip
"""
