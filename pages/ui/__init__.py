"""What the pages share: the frame, the form, charts, pictures and texts. Start with `frame.py`."""
