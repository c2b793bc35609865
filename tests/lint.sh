#!/usr/bin/env bash
# The house rules that a machine can check. Prints every breach as file:line and fails if there is one.
# Run by ctest; by hand: tests/lint.sh BUILD_DIRECTORY BORINGSSL_INCLUDE_DIRECTORY
set -uo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 2
build=${1:?build directory}
boringssl=${2:?include directory of BoringSSL}
cc=${CC:-cc}
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# Notes the breaches on standard input under the rule that they break. It runs in pipelines, whose
# variables are lost: hence the file.
breach() {
	local lines
	lines=$(cat)
	[ -z "$lines" ] || printf '%s:\n%s\n\n' "$1" "$lines" >>"$found"
}

# Our own files of these endings, build trees left out.
files() {
	local pattern
	pattern=$(printf ' -o -name *.%s' "$@")
	set -f
	# shellcheck disable=SC2086
	find . \( -name build -o -name .git \) -prune -o -type f \( ${pattern# -o } \) -print | sort
	set +f
}

mapfile -t sources < <(files c h)
mapfile -t headers < <(files h)
mapfile -t product < <(printf '%s\n' "${sources[@]}" | grep -E '^\./(scanner|report|store|cmd)/')

# ---- who may include whom ----

includes() { # files' pattern, included pattern
	printf '%s\n' "${product[@]}" | grep -E "$1" | xargs -r grep -nE "^#include [<\"]$2" /dev/null
}
includes '.' 'sqlite3\.h' | grep -vE '^\./store/(db/)?(db(_[a-z0-9_]+)?|lock|migrations)\.[ch]:' |
	breach 'only store/db*.c knows SQLite'
includes '^\./scanner/' '(store|report|cmd)/' | breach 'scanner sees neither store nor report'
includes '^\./report/' '(store|cmd)/' | breach 'report never sees the store'
includes '^\./report/' 'scanner/([a-z]+/)?(engine|visit|tls_probe|tls_prober|resolver)\.h' |
	breach "report sees the scanner's values, never its engine"
includes '^\./store/' '(report|cmd)/' | breach 'store sees values of the scanner only'
includes '^\./store/' 'scanner/([a-z]+/)?(engine|visit|tls_probe|tls_prober|resolver)\.h' |
	breach 'the store never sees the engine'
includes '^\./scanner/' 'jansson\.h' | breach 'only report and cmd write JSON'

# ---- headers ----

# Each header says all that it needs.
alone() {
	printf '#include "%s"\n' "${1#./}" |
		"$cc" -std=gnu17 -D_GNU_SOURCE -DORIGINSCAN_SOURCE_DIR='""' -I. -Itests/lab -Itests/bench \
			-Itests/unit -isystem "$boringssl" -fsyntax-only -x c - 2>&1 |
		grep -m1 -E 'error|warning' | sed "s|^|$1: |"
}
for header in "${headers[@]}"; do alone "$header"; done | breach 'headers compile alone'
grep -L '^#pragma once' "${headers[@]}" | breach 'headers say #pragma once'
for file in "${sources[@]}"; do
	head -c2 "$file" | grep -q '/\*' || echo "$file:1"
done | breach 'the first line says what the file is'

# ---- names ----

# foo.c exports foo_* (or, where there is a bar.h, bar_foo.c exports bar_*). The vocabularies name
# their words.
also_allowed() {
	case $1 in
	words) echo 'group|outcome|stage|status|order|mode|verdict|tls_version' ;;
	probe_plan) echo 'probe|plan' ;;
	esac
}
exports() {
	find "$build/scanner" "$build/report" "$build/store" -name 'lib*.a' -exec \
		nm -A -g --defined-only {} + 2>/dev/null |
		sed -nE 's|^[^:]*:([a-z0-9_]+)\.c\.o:.* [A-Z] ([A-Za-z0-9_]+)$|\1 \2|p' |
		sort -u
}
misnamed() {
	local unit symbol family allowed
	while read -r unit symbol; do
		family=${unit%%_*}
		allowed=$(also_allowed "$unit")
		[[ $symbol =~ ^${unit}(_|$) ]] && continue
		[[ -n $(find scanner report store -name "$family.h") && $symbol =~ ^${family}_ ]] && continue
		[[ -n $allowed && $symbol =~ ^(${allowed})_ ]] && continue
		echo "$unit.c: $symbol"
	done
}
exported=$(exports)
if [ "$(wc -l <<<"$exported")" -gt 50 ]; then
	misnamed <<<"$exported" | breach 'foo.c exports only foo_*'
else
	echo "$build: too few symbols in the libraries to check their names" | breach 'the check works'
fi

# ---- words ----

grep -nE 'typedef (struct|union|enum)' "${sources[@]}" | breach 'no typedefs of structs'
grep -nE '\bevent_assign\b|\bevtimer_assign\b' "${sources[@]}" | breach 'event_new only'
grep -nE '^[[:space:]]*default:[[:space:]]*$' "${product[@]}" |
	breach 'no default in a switch over an enum (over a number: say why beside it)'
mapfile -t texts < <(files c h sh py cmake txt md json)
unfinished='TO''DO|FIX''ME|X''XX'
grep -nE "\\b($unfinished)\\b" "${texts[@]}" | breach 'nothing unfinished'
machine='/ro''ot/|/wo''rk/|/ho''me/[a-z]'
grep -nE "$machine" "${texts[@]}" | breach 'no paths of one machine'

# ---- sizes ----

mapfile -t units < <(printf '%s\n' "${product[@]}" | grep '\.c$')
mapfile -t scripts < <(files sh py)
wc -l "${sources[@]}" "${scripts[@]}" | awk '$1 > 500 && $2 != "total" { print $2 ":" $1 " lines" }' |
	breach 'files have at most 500 lines'
awk '
	FNR == 1 { start = 0 }
	/^[A-Za-z_].*\{$/ && /\(/ { start = FNR }
	/^[A-Za-z_].*[(,]$/ && !/;$/ { start = FNR }
	/^}/ && start { if (FNR - start + 1 > 60) print FILENAME ":" start ": " FNR - start + 1 " lines"; start = 0 }
' "${units[@]}" | breach 'functions have at most 60 lines'

# ---- layout ----

if command -v clang-format >/dev/null && clang-format --version | grep -q 'version 14'; then
	clang-format --dry-run -Werror "${sources[@]}" 2>&1 | grep -E 'error:' | sort -u |
		breach 'clang-format decides layout'
else
	echo 'no clang-format 14 here: layout is not checked'
fi

cat "$found"
[ ! -s "$found" ]
