#!/usr/bin/env bash
# Adds a verdict to a copy of the vocabulary and to nothing else: the table of safe settings must then
# not compile. Otherwise a forgotten row would have a meaning, and nobody would notice which.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
table=$(find report -name safe_level.c)
mkdir -p "$copy/scanner/words"

compile() {
	"${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$copy" -I. -fsyntax-only "$table" 2>&1
}

cp scanner/words/words.h "$copy/scanner/words/"
compile || { echo "$table does not compile as it is"; exit 1; }

sed -i 's/^    VERDICT_COUNT\b/    VERDICT_FORGOTTEN,\n    VERDICT_COUNT/' "$copy/scanner/words/words.h"
grep -q VERDICT_FORGOTTEN "$copy/scanner/words/words.h" || { echo 'words.h: no place for a verdict'; exit 1; }
if said=$(compile); then
	echo "$table compiles although a verdict has no row"
	exit 1
fi
grep -q 'error: .*VERDICT_FORGOTTEN' <<<"$said" || { echo "$said"; exit 1; }
