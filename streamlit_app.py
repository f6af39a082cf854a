"""The app: `streamlit run streamlit_app.py`. Launcher and script in one file, and nothing else.

Imported, it gives `app`, which Streamlit serves with our two routes (pages/ui/routes.py), behind a guard where people
sign in (pages/ui/access/). Run as a script, at each
visit and click, it draws one page of pages/.
"""

import streamlit as st


def main() -> None:
    """Draw the page of the link."""
    from pages.ui import frame

    frame.draw_app()


if __name__ == "__main__":
    main()
else:
    from streamlit.runtime.pages_manager import PagesManager

    from pages.ui.access.start import guard
    from pages.ui.preloaded import preloaded
    from pages.ui.routes import routes

    # Until st.navigation is first called, Streamlit runs the files of a folder named pages/ by itself: a first visitor
    # who follows a link to a page would see it without our frame. Streamlit has no option against it.
    PagesManager.uses_pages_directory = False
    app = st.App(__file__, routes=routes(), middleware=guard(), lifespan=preloaded)
