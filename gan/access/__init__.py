"""Who may see, do and take away what. No torch.

identity          who acts: name, role, groups
sign_in_settings  GAN_SIGN_IN and what belongs to it
accounts          names, roles, groups and hashed passwords
sessions          who is signed in
attempts          how often a password may be tried
visitors          from what a request shows to its identity
permissions       the table of what each action takes; decide, require
ownership         to whom runs and sets belong, and who else may see them
limits         how much one person may have waiting, train, keep and export
audit             what was done, by whom: a log whose lines depend on each other
"""
