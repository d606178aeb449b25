#!/bin/sh
# Installs the servers and the browser that the tests start. Without root it only says what is missing; the tests that
# need it then fail with the same sentence.
set -eu

missing=''
[ -n "$(ls -d /usr/lib/postgresql/*/bin/initdb 2> /dev/null)" ] || missing="$missing postgresql"
command -v redis-server > /dev/null || missing="$missing redis-server"
command -v caddy > /dev/null || missing="$missing caddy"
command -v chromium > /dev/null || missing="$missing chromium"
command -v faketime > /dev/null || missing="$missing faketime"
command -v promtool > /dev/null || missing="$missing prometheus"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
    echo "installing$missing"
    apt-get update -qq
    # The packages need not start servers of their own: the tests start theirs.
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing > /dev/null
else
    echo "missing:$missing. Some tests will fail; install them as root with \`apt-get install$missing\`." >&2
fi
