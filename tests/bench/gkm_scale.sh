#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Many members of one group: a hundred, quickly; then some in many groups, before and after a power
# cut; then `covey check --wire` over 60 members, some of which have faults. In the long form 100, 1,000 and 10,000, with the figures, and with the project's aims for 10,000
# as the limit; 100 in 256 groups; and the check over 1,000. The machine must do nothing else then.
#
#     gkm_scale.sh GKM-SCALE COVEY-GKM COVEY

set -euo pipefail

LONG_SIZES=(100 1000 10000)
scale=$1
gkm=$2
covey=$3

if [[ -z ${COVEY_TEST_LONG:-} ]]; then
	"$scale" --quiet --members 100 --one-by-one 3 --rekeys 3 "$gkm"
	"$scale" --quiet --members 20 --groups 64 --vnis 16 --rekeys 2 --power-cut "$gkm"
	exec "$scale" --quiet --members 60 --faults --check-wire "$covey" "$gkm"
fi

# figures SIZE: of the phases' lines, for docs/reliability.md. Times in ms; of a rekey, from its trigger.
figures() {
	jq -r --arg size "$1" '
		def figure(name; value; unit): "figure: \($size)-\(name) \(value) \(unit)";
		def ms: . * 1000 | round;
		if .phase == "storm" then
			figure("joined-after"; .joined_s | ms; "ms"),
			figure("all-send-after"; .active_s | ms; "ms"),
			figure("join-rate"; .joins_per_s | round; "joins/s"),
			figure("gkm-cpu-per-join"; .gkm_cpu_ms_per_member; "ms"),
			figure("resident-per-member"; .resident_kib_per_member; "KiB"),
			figure("roster-bytes-in-storm"; .roster_bytes; "bytes")
		elif .phase == "one-by-one" then
			figure("roster-bytes-to-who-joins"; .own_roster_bytes / .members | round; "bytes"),
			figure("roster-bytes-to-all-others"; .other_roster_bytes / .members | round; "bytes")
		elif .phase == "rekeys" then
			(.member_acked_s | to_entries[] | figure("member-acked-\(.key)"; .value | ms; "ms")),
			(.last_acked_s | to_entries[] | figure("last-acked-\(.key)"; .value | ms; "ms"))
		elif .phase == "rest" then
			figure("gkm-cpu-at-rest"; .gkm_cpu_s * 100000 / .seconds | round / 1000; "%")
		elif .phase == "check-wire" then
			figure("check-wire"; .seconds | ms; "ms"),
			figure("check-wire-probes"; .frames; "probes"),
			figure("check-wire-messages"; .messages_to + .messages_from; "messages"),
			figure("check-wire-bytes"; .bytes_to + .bytes_from; "bytes"),
			figure("check-wire-gkm-cpu"; .gkm_cpu_s | ms; "ms")
		elif .phase == "power-cut-of-members" or .phase == "power-cut-of-all" then
			figure("\(.phase)-all-send-after"; .active_s | ms; "ms"),
			figure("\(.phase)-gkm-cpu-per-member"; .gkm_cpu_ms_per_member; "ms"),
			figure("\(.phase)-resident"; .resident_bytes_after / 1048576 | round; "MiB")
		else empty end'
}

for size in "${LONG_SIZES[@]}"; do
	aims=()
	((size < 10000)) || aims=(--aims)
	"$scale" --quiet --json --members "$size" --one-by-one 5 --rekeys 10 "${aims[@]}" "$gkm" |
		figures "$size"
done

# Each member in 256 groups with 16 VNIs each.
"$scale" --quiet --json --members 100 --groups 256 --vnis 16 --rest 30 --rekeys 10 --power-cut "$gkm" |
	figures 100x256

# The project's aim for 1,000 members is 60 s.
for faults in "" --faults; do
	checked=$("$scale" --quiet --json --members 1000 $faults --check-wire "$covey" "$gkm")
	jq -e 'select(.phase == "check-wire") | .seconds <= 60' <<<"$checked" >/dev/null || {
		echo "covey check --wire over 1,000 members takes longer than 60 s: $checked" >&2
		exit 1
	}
	figures "1000${faults/--/-}" <<<"$checked" | grep check-wire
done
