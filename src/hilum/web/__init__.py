"""The reading station's pages and its API, on top of the worklist; `app.create_app` builds it all."""
