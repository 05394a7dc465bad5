# SPDX-License-Identifier: MIT
"""The shipped sluice.conf, the recipes that it includes, and what these need beside them."""
import re
import shutil
from pathlib import Path

ETC = Path(__file__).resolve().parents[2] / "etc"
CONFIG = ETC / "sluice.conf"
INCLUDED = sorted((ETC / "recipes").glob("*.conf"))


def text():
    """Of all files: to look for a recipe, not to be read as one file."""
    return "\n".join(file.read_text() for file in (CONFIG, *INCLUDED))


def without_sluice_picture(configuration):
    """sluice.conf as it is for those who leave all pictures to ImageMagick."""
    configuration, found = re.subn(r"(?ms)^recipe picture\w* \{.*?^\}$\n", "", configuration)
    assert found
    return configuration


def patient(configuration):
    """The deadlines of converters for a busy machine."""
    return re.sub(r"(?m)^( *timeout *=) *[1-6]0s", r"\1 240s", configuration)


def put_beside(directory, change=patient):
    """Into a directory where a test has its own sluice.conf: the included recipes, changed, and what they read."""
    recipes = Path(directory) / "recipes"
    recipes.mkdir(exist_ok=True)
    for file in INCLUDED:
        (recipes / file.name).write_text(change(file.read_text()))
    shutil.copytree(ETC / "imagemagick", Path(directory) / "imagemagick", dirs_exist_ok=True)
