"""The setup.py of a gateway with a user interface that npm builds."""

import os
import subprocess

from setuptools import setup

if os.environ.get("BUILD_UI_ASSETS") == "true":
    subprocess.run(["npm", "install"], check=True)
setup(package_data={"mcpgateway": ["static/*"]})
