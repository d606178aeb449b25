#!/bin/sh
# Fills a virtual environment with the packages that Maskarad runs on: in the versions of requirements.lock, every hash
# checked, without its developers' tools. FOLDER.tools, beside it, is needed for installing only.
#
#     sh deploy/packages.sh FOLDER
set -eu

target=${1:?which folder?}
python=${PYTHON:-python3}
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_PYTHON_DOWNLOADS=never

[ -x "$target.tools/bin/python" ] || "$python" -m venv "$target.tools"
awk '/^[^ ]/ {wanted = /^uv==/} wanted' requirements.lock > "$target.tools/uv.txt"
"$target.tools/bin/python" -m pip install --quiet --require-hashes --no-deps -r "$target.tools/uv.txt"

[ -x "$target/bin/python" ] || "$python" -m venv --without-pip "$target"
# pyproject.toml says what is needed, the lock file which version and with which hash; a package without one is refused.
"$target.tools/bin/uv" pip install --quiet --python "$target/bin/python" --compile-bytecode \
    --require-hashes --constraints requirements.lock --requirements pyproject.toml
