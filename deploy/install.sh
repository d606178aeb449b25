#!/bin/sh
# Installs Maskarad, or another version of it, into a virtual environment of its own: FOLDER/bin/maskarad.
#
#     sh deploy/install.sh FOLDER
set -eu

target=${1:?which folder?}
cd "$(dirname "$0")/.."
sh deploy/packages.sh "$target"

wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
"$target.tools/bin/uv" build --quiet --wheel --python "$target/bin/python" \
    --require-hashes --build-constraints requirements.lock --out-dir "$wheels" .
"$target.tools/bin/uv" pip install --quiet --python "$target/bin/python" --compile-bytecode \
    --no-deps --reinstall-package maskarad "$wheels"/*.whl
"$target/bin/maskarad" --version
