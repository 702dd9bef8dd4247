"""Flower's settings, read by `celery flower --conf`. A password never comes by argument."""

import os
from pathlib import Path

basic_auth = ["recomma:" + Path(os.environ["RECOMMA_FLOWER_PASSWORD_FILE"]).read_text().strip()]
# It shows; acting is left to the command line, which writes down who did what.
read_only = True
