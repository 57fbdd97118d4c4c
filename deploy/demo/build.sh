# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Installs the packages of tests/packages that are missing and builds the programs, showing how far it
# is. Sourced by deploy/demo/run, tests/run and the rest of what must work on a fresh machine.
# LAB_SOURCE and LAB_BUILD come from lab.sh.

# build_packages SECTION...: names of the packages in those sections.
build_packages() {
	awk -v wanted=" $* " '
		/^#/ || !NF { next }
		/^\[/ { section = substr($1, 2, length($1) - 2); next }
		index(wanted, " " section " ") { print $1 }' "$LAB_SOURCE/tests/packages"
}

build_missing() {
	local package

	for package in $(build_packages "$@"); do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			echo "$package"
	done
}

# build_install LOG SECTION...: install what is missing, from Debian. Services that come along are not started.
build_install() {
	local log=$1 missing

	shift
	mapfile -t missing < <(build_missing "$@")
	if ((${#missing[@]} == 0)); then
		return 0
	fi
	export DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1
	build_step "$log" "package lists" '' apt-get update
	build_step "$log" "${#missing[@]} packages and what they need" '^(Get|Setting up)' \
		apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
}

# build_programs LOG [DIRECTORY [MESON-OPTION...]]
build_programs() {
	local log=$1 directory=${2:-$LAB_BUILD}

	shift
	if (($#)); then shift; fi
	if [[ ! -e $directory/build.ninja ]]; then
		build_step "$log" "configuring" '' meson setup "$@" "$directory" "$LAB_SOURCE"
	fi
	build_step "$log" "building" '^\[[0-9]+/' ninja -C "$directory"
	# Under sudo, what was built belongs to whoever owns the source.
	chown -R --reference="$LAB_SOURCE" "$directory"
}

# build_step LOG WHAT REGEX COMMAND...: run it with its output in LOG. Lines that match REGEX show
# how far it is. Fails with the log's end.
build_step() {
	local log=$1 what=$2 regex=$3 start=$SECONDS

	shift 3
	printf '  %-40s' "$what"
	if "$@" 2>&1 </dev/null | tee -a "$log" | build_progress "$what" "$regex"; then
		printf '%4d s\n' $((SECONDS - start))
		return 0
	fi
	printf '\n'
	tail -n 40 "$log" >&2
	echo "${0##*/}: $what failed: ${*:1:3} ..." >&2
	return 1
}

# On a terminal, the line at hand behind the step's name; else a dot for every 25 lines.
build_progress() {
	local what=$1 regex=$2 line count=0

	while IFS= read -r line; do
		[[ -n $regex && $line =~ $regex ]] || continue
		count=$((count + 1))
		if [[ -t 1 ]]; then
			printf '\r  %-40s\e[2m%.50s\e[0m\e[K' "$what" "$line"
		elif ((count % 25 == 0)); then
			printf '.'
		fi
	done
	if [[ -t 1 ]]; then
		printf '\r  %-40s\e[K' "$what"
	fi
}
