#!/bin/sh
# Says in one sentence what is missing when this Python cannot make the virtual environment. $1: the interpreter.
set -eu
install='apt-get install python3 python3-venv'

if [ -z "$1" ] || ! command -v "$1" > /dev/null; then
    echo "Python 3.11 or newer is needed and none was found: run \`$install\`, or name one with \`make PYTHON=/path/to/python …\`." >&2
    exit 1
fi
if ! "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or newer is needed and $1 is $("$1" --version 2>&1): name a newer one with \`make PYTHON=/path/to/python …\`." >&2
    exit 1
fi
"$1" -c 'import ensurepip, venv' 2> /dev/null && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv > /dev/null
fi
if ! "$1" -c 'import ensurepip, venv' 2> /dev/null; then
    echo "$1 cannot make virtual environments: run \`$install\` as root and try again." >&2
    exit 1
fi
