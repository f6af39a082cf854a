"""The parts of the Gallery page.

controls            snapshot, seed, truncation, keep rate  views               the tabs
link                these choices in the address           look                real and synthetic images by condition
class_picker        classes by their pictures
attribute_picker    attributes on, off or any              same_noise          conditions or snapshots side by side
marking             images that can be kept or rejected    interpolation_view  a walk between two images as a GIF
image_dialog        one image, large                       subclass_view       real and synthetic images of a subclass
export_form         what to download                       basket              the images marked keep
export_list         the run's exports
"""
