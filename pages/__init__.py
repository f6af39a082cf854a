"""The pages of the app, one short file each; what they share is in `pages/ui`. `streamlit_app.py` runs them."""
