"""Who may see, do and take away what. No torch.

identity       who acts: name, role, groups
"""
