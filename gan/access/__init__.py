"""Who may see, do and take away what. No torch.

identity       who acts: name, role, groups
audit          what was done, by whom: a log whose lines depend on each other
"""
