"""Extracts TensorFlow's message classes from its wheel, the only part of its 800 MB that tensorflow-serving-api needs."""

import pathlib
import sys
import zipfile

wheel, site_packages = next(pathlib.Path(sys.argv[1]).glob("*.whl")), pathlib.Path(sys.argv[2])
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith("tensorflow/") and name.endswith("_pb2.py"):
            archive.extract(name, site_packages)
(site_packages / "tensorflow" / "__init__.py").touch()
