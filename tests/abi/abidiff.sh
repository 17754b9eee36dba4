#!/bin/sh
# SPDX-License-Identifier: MIT
# abidiff.sh LIBRARY INCLUDE_DIR REFERENCE OUTPUT
# Compares the library with the committed reference of the release. RRAMNAS_UPDATE_GOLDEN=1 rewrites it.
set -eu
library=$1 include=$2 reference=$3 current=$4

command -v abidiff >/dev/null && command -v abidw >/dev/null || { echo "abigail-tools are not installed"; exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "the reference is for x86_64"; exit 77; }
# What handles hold is nobody's business but ours: types outside of the public header are left out.
abidw --headers-dir "$include" --drop-private-types --exported-interfaces-only --no-corpus-path --no-comp-dir-path --no-show-locs --short-locs \
  --no-elf-needed --out-file "$current" "$library"
if [ "${RRAMNAS_UPDATE_GOLDEN:-}" = 1 ]; then
  cp "$current" "$reference"
  exit 0
fi
[ -f "$reference" ] || { echo "no reference: $reference"; exit 77; }

# Exit status: 4 = something changed, 8 = incompatible (comes together with 4), 1 and 2 = could not compare.
status=0
abidiff --no-show-locs "$reference" "$current" || status=$?
case $status in
  0) ;;
  4) echo "The ABI grew. If that is meant, refresh the reference in the same commit: RRAMNAS_UPDATE_GOLDEN=1" ;;
  *) echo "The ABI broke (abidiff: $status). See doc/abi.md." ;;
esac
exit $status
