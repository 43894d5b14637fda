"""Takes TensorFlow's message classes out of its wheel: tensorflow-serving-api needs no more of its 800 MB."""

import pathlib
import sys
import zipfile

wheel, site_packages = next(pathlib.Path(sys.argv[1]).glob("*.whl")), pathlib.Path(sys.argv[2])
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith("tensorflow/") and name.endswith("_pb2.py"):
            archive.extract(name, site_packages)
(site_packages / "tensorflow" / "__init__.py").touch()
