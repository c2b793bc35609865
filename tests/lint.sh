#!/usr/bin/env bash
# The house rules that a machine can check: tests/lint/ has them. Prints every breach and fails if there is one.
# Run by ctest; by hand: tests/lint.sh BUILD_DIRECTORY BORINGSSL_INCLUDE_DIRECTORY
set -euo pipefail

tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
exec python3 -B "$tree/tests/lint/lint.py" "$tree" "$(realpath -- "${1:?build directory}")" \
	"${2:?include directory of BoringSSL}"
