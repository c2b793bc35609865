# shellcheck shell=bash
# Helpers shared by the scripts in deploy/: progress lines, logged steps, the cache's place.
#
# Whatever a person should see goes to standard error, so that a script's standard output stays free for
# its result. Source this file after `set -euo pipefail`.

# One line before each long step.
progress() {
	printf '==> %s\n' "$*" >&2
}

warn() {
	printf 'warning: %s\n' "$*" >&2
}

# die MESSAGE: the last thing a script says.
die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# need_tools COMMAND…: stops with the names of those that are not installed.
need_tools() {
	local tool
	local -a missing=()
	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	[ "${#missing[@]}" -eq 0 ] ||
		die "not installed: ${missing[*]} (deploy/packages install build installs what a build needs)"
}

# Where downloads, built libraries and logs are kept: outside the checkout, so that a fresh clone finds them.
cache_dir() {
	local dir=${ORIGINSCAN_CACHE:-} home=${HOME:-}
	if [ -z "$dir" ]; then
		# cron and containers may run without HOME
		[ -n "$home" ] || home=$(getent passwd "$(id -u)" | cut -d: -f6)
		dir=${XDG_CACHE_HOME:-$home/.cache}/originscan
	fi
	case $dir in
	/*) printf '%s\n' "$dir" ;;
	*) printf '%s\n' "$PWD/$dir" ;;
	esac
}

# log_start NAME: chooses this run's log file, $LOG. One file a run: two runs at once must not share one.
log_start() {
	local dir
	dir=$(cache_dir)/log
	mkdir -p -- "$dir" || die "cannot make the log's folder $dir"
	find "$dir" -name '*.log' -mtime +14 -delete 2>/dev/null || true
	LOG=$dir/$1.$(date +%Y%m%d-%H%M%S).$$.log
	: >"$LOG" || die "cannot write the log $LOG"
}

# log_done: a run that went well leaves no log behind.
log_done() {
	rm -f -- "${LOG:-}"
}

# log_tail: the log's last lines, which mostly say why a step failed.
log_tail() {
	[ -s "$LOG" ] || return 0
	printf -- '---- the last lines of %s\n' "$LOG" >&2
	tail -n 40 -- "$LOG" >&2
	printf -- '----\n' >&2
}

# logged COMMAND…: runs one external command with its output in $LOG and returns its status.
# It runs in the background and is waited for, because bash acts on a signal only between foreground
# commands; setpriv takes the command along if this shell is killed outright. Descriptor 9, which holds a
# caller's lock, is not handed down: a compiler cache's server, say, would never let go of it.
# With step_must_end=yes the command is left to finish instead, as suits a package manager.
step_pid=
step_must_end=
logged() {
	local status=0
	local -a guard=()
	printf '\n$ %s\n' "$*" >>"$LOG"
	if [ -n "$step_must_end" ]; then
		"$@" >>"$LOG" 2>&1 </dev/null 9>&-
		return
	fi
	if setpriv --pdeathsig KILL true 2>/dev/null; then
		guard=(setpriv --pdeathsig KILL)
	fi
	"${guard[@]}" "$@" >>"$LOG" 2>&1 </dev/null 9>&- &
	step_pid=$!
	wait "$step_pid" || status=$?
	step_pid=
	return "$status"
}

# stop_step: for a trap: ends the command that `logged` is waiting for.
stop_step() {
	[ -n "$step_pid" ] || return 0
	kill "$step_pid" 2>/dev/null || true
	wait "$step_pid" 2>/dev/null || true
}

# step TITLE COMMAND…: a progress line, then the command; on failure the log's end, its path, and out.
step() {
	local title=$1 started=$SECONDS
	shift
	progress "$title"
	if ! logged "$@"; then
		log_tail
		die "this step failed: $title. The whole log: $LOG"
	fi
	printf '    done in %d s\n' "$((SECONDS - started))" >&2
}

# debian_mirrors: the mirrors that this machine's apt is set up with, one a line. `apt-get update --print-uris`
# knows them even where no list was ever downloaded.
debian_mirrors() {
	if [ -n "${ORIGINSCAN_DEBIAN_MIRROR:-}" ]; then
		printf '%s\n' "${ORIGINSCAN_DEBIAN_MIRROR%/}/"
		return
	fi
	apt-get update --print-uris |
		sed -n "s|^'\\(.*/\\)dists/.*/InRelease' .*|\\1|p" | awk '!seen[$0]++'
}

debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_aside DIR TYPE MIRROR SUITE: an apt with a configuration and lists of its own in DIR, for one suite that the
# machine need not have (TYPE is deb or deb-src); use it with APT_CONFIG=DIR/apt.conf. Only what the machine says
# about proxies, certificates and other transport options is carried over.
apt_aside() {
	local dir=$1
	rm -rf -- "$dir"
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,none}
	printf '%s [signed-by=%s] %s %s main\n' "$2" "$debian_keyring" "$3" "$4" >"$dir/sources.list"
	{
		apt-config dump | grep '^Acquire::' || true
		cat <<-EOF
			Acquire::http::Timeout "15";
			Acquire::https::Timeout "15";
			Acquire::Retries "1";
			Acquire::AllowInsecureRepositories "false";
			Acquire::AllowDowngradeToInsecureRepositories "false";
			APT::Sandbox::User "$(id -un)";
			Dir::State "$dir";
			Dir::State::status "/dev/null";
			Dir::Cache "$dir/cache";
			Dir::Etc::Main "/dev/null";
			Dir::Etc::Parts "$dir/none";
			Dir::Etc::SourceList "$dir/sources.list";
			Dir::Etc::SourceParts "$dir/none";
			Dir::Etc::PreferencesParts "$dir/none";
		EOF
	} >"$dir/apt.conf"
}

# build_originscan PRESET PACKAGES: from whatever is missing on this machine to build/PRESET.
build_originscan() {
	local preset=$1 deploy prefix
	deploy=$(dirname -- "${BASH_SOURCE[0]}")
	"$deploy/packages" install "$2"
	prefix=$("$deploy/boringssl")
	cd -- "$deploy/.." || exit
	log_start "$preset"
	# two runs in one checkout: the second waits, and finds everything built
	mkdir -p build
	exec 9>"build/.$preset.lock"
	flock 9
	step "configuring originscan ($preset)" cmake --preset "$preset" -DBORINGSSL_ROOT="$prefix"
	step "building originscan ($preset)" cmake --build --preset "$preset"
	exec 9>&-
	log_done
}
