#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh FOLDER PROGRAM: compiles a German locale into FOLDER (no installation) and runs PROGRAM with it at hand.
set -eu
mkdir -p "$1"
if command -v localedef >/dev/null && [ -e /usr/share/i18n/locales/de_DE ]; then
  localedef --no-archive -i de_DE -f UTF-8 "$1/de_DE.UTF-8"
  export LOCPATH="$1"
fi
exec "$2"
