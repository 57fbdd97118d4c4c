#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# covey capture under traffic, as Wireshark reads it: what is inside and outside, and what covey-host drops with
# its reason, each with its group, SA and hosts; bounded by count and time; for root alone, and said in the log.
# It costs tenants no frame.
# shellcheck disable=SC2034 # for lab.sh
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

unicast=(--from "$(lab_vtep 1)" --to "$(lab_vtep 2)" --cast 0)
pids=()

# start N NAME ARGUMENT...: covey capture on hvN, into NAME.pcapng, from when it listens.
start() {
	in_ns "hv$1" "$(lab_program covey)" --socket "$LAB_DIR/hv$1.sock" capture -w "$LAB_DIR/$2.pcapng" "${@:3}" \
		2>"$LAB_DIR/log/$2" &
	pids+=($!)
	lab_wait 30 "capture $2" grep -q listening "$LAB_DIR/log/$2"
}

finish() { # NAME...: those that were started last, in their order
	local name

	for name; do
		wait "${pids[0]}" || fail "capture $name: $(<"$LAB_DIR/log/$name")"
		pids=("${pids[@]:1}")
	done
}

# counted NAME [FILTER]: so many packets, as tshark reads them.
counted() {
	tshark -n -r "$LAB_DIR/$1.pcapng" -Y "${2:-frame}" -T fields -e frame.number 2>/dev/null | wc -l
}

# expect_comments NAME COUNT REGEX
expect_comments() {
	local comments count

	comments=$(tshark -n -r "$LAB_DIR/$1.pcapng" -T fields -e frame.comment 2>/dev/null)
	count=$(grep -cE "$3" <<<"$comments" || true)
	[[ $count == "$2" ]] || fail "packets of $1 with the comment $3: $count, should be $2, of:" \
		"$(sort <<<"$comments" | uniq -c)"
}

says() { # N TEXT
	grep -qF "$2" "$LAB_DIR/log/hv$1"
}

# refused TEXT COMMAND...: it fails, and says so.
refused() {
	local said

	! said=$("${@:2}" 2>&1) || fail "${*:2} succeeded"
	[[ $said == *"$1"* ]] || fail "${*:2} says: $said"
}

at_hv2() {
	in_ns hv2 "$(lab_program covey)" --socket "$LAB_DIR/hv2.sock" capture "$@"
}

e2e_up
e2e_add_evil
e2e_wait_ping 1 2
e2e_receive 2

# All three at once, while tenants send. Frames that go on until the captures have all that they want.
start 1 inside inside --vni 100 --count 150
start 2 outside outside --group tenants --peer hv1 --count 150
start 2 drops drops --count 20 --for 10m
start 1 other outside --peer 192.0.2.1 --for 2
e2e_send 1 2 --count 300 --rate 500
e2e_expect_all 1 2
finish inside outside

expect "packets inside" "$(counted inside)" 150
expect "packets outside" "$(counted outside)" 150
spi=$(e2e_active_spi 1)
expect_comments inside 150 '^(out|in); VNI 100 of group tenants, hv[12] to '
expect_comments outside 150 "^(out|in); SA $spi .* of group tenants, active, SenderID [12], .*, hv[12] to "
expect "packets outside that are not encrypted" "$(counted outside "!(udp.port == 4798)")" 0
expect "packets inside of VXLAN" "$(counted inside "vxlan.vni == 100")" 150

# One that gets nothing ends by its time.
pids=("${pids[1]}" "${pids[0]}")
finish other
expect "packets of a stranger" "$(counted other)" 0
grep -q ' 0 packets, 0 missed' "$LAB_DIR/log/other" || fail "$(<"$LAB_DIR/log/other")"

# Drops, and no more of them than was asked for.
refused "somebody captures drops already" at_hv2 drops
e2e_expect_drops 2 in-replay-seen 7 e2e_inject replay --count 7 "${unicast[@]}" --packets-min 290
e2e_expect_drops 2 in-icv 5 e2e_inject forged --count 5 "${unicast[@]}"
e2e_expect_drops 2 in-unknown-spi 3 e2e_inject unknown-spi --count 3 "${unicast[@]}"
e2e_expect_drops 2 in-short 32 e2e_inject truncated-header --count 32 "${unicast[@]}"
finish drops
expect "dropped packets" "$(counted drops)" 20
expect_comments drops 7 "^dropped: in-replay-seen \(.*\); SA $spi .* of group tenants, active, .*, hv1 to hv2$"
expect_comments drops 5 "^dropped: in-icv .*; SA $spi "
expect_comments drops 3 "^dropped: in-unknown-spi .*; SA [0-9]+ .* unknown here"
# The rest, but for what hosts send by themselves and covey-host drops while the tenants' frames go on.
expect_comments drops 20 '^dropped: (in|out)-[a-z-]+ '
strays=$(tshark -n -r "$LAB_DIR/drops.pcapng" -T fields -e frame.comment 2>/dev/null |
	grep -cvE '^dropped: in-(replay-seen|icv|unknown-spi|short) ' || true)
((strays <= 2)) || fail "drops that nobody caused: $strays"
expect_comments drops $((5 - strays)) "^dropped: in-short "
# Of a forged packet, nothing behind the headers.
expect "bytes of forged packets" "$(tshark -n -r "$LAB_DIR/drops.pcapng" -Y 'frame.comment contains "in-icv"' \
	-T fields -e frame.cap_len 2>/dev/null | sort -u)" 74

# Into a pipe, and one that dies: covey-host drops on without it.
at_hv2 drops -w - --count 2 2>"$LAB_DIR/log/piped" | tshark -n -r - -T fields -e frame.comment \
	>"$LAB_DIR/piped" 2>/dev/null &
pids=($!)
lab_wait 30 "the capture into a pipe" grep -q listening "$LAB_DIR/log/piped"
e2e_inject forged --count 2 "${unicast[@]}"
finish piped
expect "dropped packets by the pipe" "$(grep -c '^dropped: in-icv' "$LAB_DIR/piped")" 2
start 2 killed drops
kill -KILL "$(pgrep -P "${pids[0]}" || echo "${pids[0]}")"
lab_wait 60 "hv2 to give a dead client up" says 2 "capture of drops ends, as who asked for it is gone"

# Root alone, and the log says who.
chmod 0666 "$LAB_DIR/hv2.sock"
for what in inside outside drops; do
	refused "only root may capture packets" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$(lab_program covey)" --socket "$LAB_DIR/hv2.sock" capture "$what" --for 1
done
says 1 "capture of inside begins, for root's process" || fail "hv1's log does not say who captures inside"
says 2 "capture of outside begins, for root's process" || fail "hv2's log does not say who captures outside"
says 2 "at most 20 packets in 600 s, tenants' packets in clear among them" || fail "hv2's log does not say the bounds"
says 2 "capture of drops ends: " || fail "hv2's log does not say that the capture ended"
refused "this host is in no group" at_hv2 drops --group nobody
refused "has a member" at_hv2 drops --peer hv9

# covey-host ends while it keeps packets.
pids=()
start 2 ended drops --for 10m
lab_stop hv2
! wait "${pids[0]}" || fail "a capture outlives covey-host: $(<"$LAB_DIR/log/ended")"
says 2 "capture of drops ends, as covey-host does" || fail "hv2 ended without an end of its capture"
