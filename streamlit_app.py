"""The app: `streamlit run streamlit_app.py`. Launcher and script in one file, and nothing else.

Streamlit finds `app` here and serves it with our two routes (pages/ui/routes.py); for each visitor the same file is
then run as the script, which draws one page of pages/.
"""

import streamlit as st


def main() -> None:
    """Draw the page that the visitor's link names."""
    from pages.ui import frame

    frame.draw_app()


if __name__ == "__main__":
    main()
else:
    from streamlit.runtime.pages_manager import PagesManager

    from pages.ui.routes import routes

    # A folder named pages/ makes Streamlit run its files without our frame until st.navigation was first called: the
    # first visitor, come by a link to a page, would see another app. Streamlit has no option for it.
    PagesManager.uses_pages_directory = False
    app = st.App(__file__, routes=routes())
