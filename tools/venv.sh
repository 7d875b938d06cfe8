#!/bin/sh
# Makes the private Python folder .venv, with pip and nothing else.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m pip --version >/dev/null 2>&1 && exit 0
tools/need.sh python3:python3
rm -rf .venv
# Debian keeps the part of Python that puts pip into a venv in a package of its own.
python3 -c 'import ensurepip, venv' 2>/dev/null || tools/need.sh no-ensurepip:python3-venv
python3 -m venv .venv
