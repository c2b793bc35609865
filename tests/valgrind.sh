#!/usr/bin/env bash
# Runs test programs under valgrind: no invalid access, no leak. Exits with 77 (skipped) where there is no
# valgrind. ASan sees more, but not inside the libraries that it did not build.
set -uo pipefail

if ! command -v valgrind >/dev/null; then
	echo 'skipped: no valgrind here'
	exit 77
fi
export ORIGINSCAN_TEST_SLOWDOWN=10
status=0
for program; do
	echo "$program"
	valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		"$program" || status=1
done
exit "$status"
