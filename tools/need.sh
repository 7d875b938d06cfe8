#!/bin/sh
# need.sh COMMAND:PACKAGE…: sees to it that the commands are there. Installs Debian packages only where one is missing
# and this is root; else says what to install.
set -eu
missing=
for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Missing:$missing. On Debian: sudo apt-get install$missing" >&2
    exit 1
fi
