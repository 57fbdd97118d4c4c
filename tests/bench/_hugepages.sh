# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Hugepages of 2 MiB for the time of a measurement.

HUGEPAGES=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages

# hugepages_reserve PAGES: more than there are, until hugepages_give_back. Says when it got fewer.
hugepages_reserve() {
	local got

	hugepages_before=$(<"$HUGEPAGES")
	echo $((hugepages_before + $1)) >"$HUGEPAGES"
	got=$(($(<"$HUGEPAGES") - hugepages_before))
	((got >= $1)) || echo "${0##*/}: of $1 hugepages, $got could be reserved" >&2
}

hugepages_give_back() {
	[[ ! ${hugepages_before:-} ]] || echo "$hugepages_before" >"$HUGEPAGES"
}
