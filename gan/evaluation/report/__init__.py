"""An evaluation as one HTML file.

document       the whole report                sections     sections with numbers
study_section  the study's section             study_table  its table and the points of its charts
text           limits, methods, style sheet    svg          line charts
"""
