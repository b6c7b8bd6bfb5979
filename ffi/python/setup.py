"""Builds the C library with cargo and puts it into the wheel, which then suits any Python 3 of the platform.

HYPERSIEVE_LIBRARY names a library that is there already, and nothing is built.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "libhypersieve.dylib" if sys.platform == "darwin" else "libhypersieve.so"


def library() -> Path:
    given = os.environ.get("HYPERSIEVE_LIBRARY")
    if given:
        return Path(given)
    if not (ROOT / "ffi" / "Cargo.toml").is_file():
        raise SystemExit("the sources are not here: build in the project's folder ffi/python, or set HYPERSIEVE_LIBRARY")
    subprocess.run(["cargo", "build", "--release", "--package", "hypersieve-c"], cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / NAME


class BuildLibrary(build_py):
    def run(self) -> None:
        super().run()
        folder = Path(self.build_lib) / "hypersieve"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(library(), folder / NAME)


class PlatformWheel(bdist_wheel):
    def get_tag(self) -> "tuple[str, str, str]":
        return "py3", "none", super().get_tag()[2]


class WithLibrary(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(cmdclass={"build_py": BuildLibrary, "bdist_wheel": PlatformWheel}, distclass=WithLibrary)
