#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Probes that are forged, replayed and flooded: by tenants inside their VXLAN, also by those whose port is on the
# VXLAN device itself, where they read the probes; from a tenant's namespace, by a local user and by a foreign host
# of the fabric towards covey's ports; and by the switch. Nobody causes an answer or makes one, nothing of it is
# taken for a proof, tenants' frames arrive meanwhile, and what is dropped is counted. The underlay is IPv6; in the
# long form also IPv4, and covey a bump in the wire: there nobody sees what leaves, and the guard lets no clear VXLAN
# through.
# long: 400
if [[ ! ${LAB_FAMILY:-} && ${COVEY_TEST_LONG:-} ]]; then
	for family in 6 4; do LAB_FAMILY=$family "$0" || exit 1; done
	LAB_FAMILY=6 LAB_PORTS=bump "$0" || exit 1
	exit 0
fi
LAB_FAMILY=${LAB_FAMILY:-6}
LAB_HOSTS=2
LAB_GROUPS="      direct: {vnis: [101], members: [hypervisors]}"
. "$(dirname "$0")/_init.sh"

IP=ip
((LAB_FAMILY == 4)) || IP=ip6
FORGED=200 # packets of each kind

forge() { # NAMESPACE ARGUMENT...
	in_ns "$1" /usr/bin/python3 "$E2E_HERE/probe_forge.py" "${@:2}"
}

keep_forging() { # NAME NAMESPACE ARGUMENT...
	lab_spawn "$1" "$2" /usr/bin/python3 "$E2E_HERE/probe_forge.py" "${@:3}"
}

as_user() { # NAMESPACE ARGUMENT...
	in_ns "$1" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
		/usr/bin/python3 "$E2E_HERE/probe_forge.py" "${@:2}"
}

# --- runs -----------------------------------------------------------------------------------------

# probe GROUP [OPTION...]: from hv1 to hv2; the answer is in $answer.
probe() {
	answer=$(lab_covey 1 --json ping --count 1 hv2 "$@")
}

probes_pass() { probe tenants && probe direct; }

direction() { # FROM TO FIELD
	jq -r ".directions[] | select(.from == \"hv$1\" and .to == \"hv$2\") | .$3" <<<"$answer"
}

expect_verdicts() { # WHAT THERE BACK
	expect "$1: hv1 to hv2: $(direction 1 2 detail)" "$(direction 1 2 verdict)" "$2"
	expect "$1: hv2 to hv1: $(direction 2 1 detail)" "$(direction 2 1 verdict)" "$3"
}

# seen N OUT FIELD: of the report of hvN.
seen() {
	jq -r ".reports[] | select(.host == \"hv$1\") | .seen[] | select(.out == $2) | .$3" <<<"$answer"
}

# No answer has come that hv2 has not sent, and no probe to hv2 that hv1 has not.
expect_nothing_made_up() {
	local n out in

	for n in 1 2; do
		out=$(seen $((3 - n)) true sent) in=$(seen "$n" false delivered)
		(((in & ~out) == 0)) || fail "$1: hv$n got $in, and hv$((3 - n)) sent $out (sets of probes)"
	done
}

# by_multicast: as `probe direct`, by multicast, which nobody answers.
by_multicast() {
	answer=$(in_ns hv1 /usr/bin/python3 -c '
import json, socket, sys
with socket.socket(socket.AF_UNIX) as host:
    host.connect(sys.argv[1])
    host.sendall(json.dumps({"command": "probe", "group": "direct", "to": ["hv2"],
                             "multicast": True}).encode() + b"\n")
    print(host.makefile().read())
' "$LAB_DIR/hv1.sock")
}

all_arrived() { (($(e2e_lost 1:2) == 0)); }

# --- tenants on the VXLAN device itself -----------------------------------------------------------

add_direct() { # N
	lab_ip "hv$1" link add vxlan101 type vxlan id 101 group "$(lab_multicast)" \
		local "$(lab_vtep "$1")" dev "$(lab_underlay "$1")" dstport 4789
	lab_ip "hv$1" link set vxlan101 up
	lab_add_namespace "m$1"
	in_ns "m$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	lab_ip "hv$1" link add link vxlan101 name mac0 netns "$(lab_ns "m$1")" type macvlan mode bridge
	lab_ip "m$1" link set mac0 up
}

heard() { # FILE FIELD
	jq ".$2" "$LAB_DIR/$1.json"
}

has_heard() { # FILE FIELD COUNT
	(($(heard "$1" "$2") >= $3))
}

listens() {
	[[ -s $LAB_DIR/$1.json ]]
}

keep_listening() { # NAME NAMESPACE INTERFACE [INTERFACE to mimic by]
	rm -f "$LAB_DIR/$1.json"
	keep_forging "$1" "$2" listen "$3" "$LAB_DIR/$1.json" "${@:4}"
	lab_wait 10 "$1 to listen" listens "$1"
}

guard() { # N SWITCH
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" \
		--pki "$LAB_DIR/pki" --name "hv$1" --guard "$2"
}

# block PORT: the switch drops what hv1 sends to hv2 and UDP port.
block() {
	in_ns sw nft -f - <<-RULES
		table netdev oneway {
			chain in {
				type filter hook ingress device "hv1" priority 0;
				$IP saddr $(lab_vtep 1) $IP daddr $(lab_vtep 2) udp dport $1 counter drop
			}
		}
	RULES
}

unblock() {
	in_ns sw nft delete table netdev oneway
}

e2e_up
for n in 1 2; do add_direct "$n"; done
lab_wait 20 "probes to pass" probes_pass
expect_verdicts "nothing is forged" encrypted encrypted
expect "probes seen at all uplinks" "$(jq -c '[.reports[].seen[] | select(.watched) | .encrypted] | unique' <<<"$answer")" "[31]"

# --- tenants flood --------------------------------------------------------------------------------

# Behind a bridge, nothing leaves the host. On the device it does, and nobody answers.
keep_listening bridged t2 eth0
keep_listening back hv1 covey0
keep_listening there hv2 covey0
keep_forging flood1 t1 flood eth0 2000 8000
keep_forging flood2 m1 flood mac0 2000 8000
e2e_receive 2
e2e_keep_sending 1 2 --rate 500
for n in 1 2 3; do
	for group in tenants direct; do
		probe "$group" || fail "while tenants flood, in $group: $answer"
		expect_verdicts "while tenants flood, in $group" encrypted encrypted
		expect_nothing_made_up "while tenants flood"
	done
done
lab_wait 20 "the floods to end" lab_is_gone flood1
lab_wait 20 "the floods to end" lab_is_gone flood2
lab_stop tx1-2
lab_wait 30 "the forged probes to come" has_heard there probes 100
expect "probes that t2 saw" "$(heard bridged probes)$(heard bridged answers)" 00
# Six runs, each with five answers: hv2 has sent no others.
lab_poll 30 has_heard back answers 30 || true
expect "frames that the listeners lost" "$(heard bridged lost) $(heard back lost) $(heard there lost)" "0 0 0"
expect "answers that came to hv1" "$(heard back answers)" 30
lab_wait 10 "all frames of tenants to arrive" all_arrived
lab_stop rx2
for name in bridged back there; do lab_stop "$name"; done

# --- a tenant reads probes, and makes what it can of them -----------------------------------------

# Linux drops frames from a multicast address as they leave a VXLAN device, since 6.13. As if it did not, this one
# reads at covey0 what is decrypted, and sends as a tenant does.
keep_listening reader hv2 covey0 vxlan101
for n in 1 2 3; do
	probe direct || fail "while a tenant mimics: $answer"
	expect_nothing_made_up "while a tenant mimics"
	by_multicast
	expect "answers to what nobody answers" "$(seen 1 false delivered)" 0
done
(($(lab_show 1 .probes.refused) > 0)) || fail "hv1 has refused none of the tenant's probes"
lab_covey 1 show | grep -q "^Probes that were forged or repeated by tenants, and refused: [1-9]" ||
	fail "covey show does not say so"
lab_wait 30 "the tenant to have read probes" has_heard reader probes 25
lab_stop reader

# Packets of others that are as long as probes prove nothing.
keep_pinging() {
	lab_spawn ping t1 ping -q -s 472 -i 0.002 "$(lab_tenant 2)"
}
keep_pinging
probe tenants --size 500 && fail "a tenant's packets are taken for probes: $answer"
expect_verdicts "a tenant's packets are as long" "cannot be seen" "cannot be seen"
[[ $(direction 1 2 detail) == *"of the same lengths"* ]] || fail "not named: $(direction 1 2 detail)"
probe tenants || fail "probes of other lengths: $answer"
lab_stop ping

# --- towards covey's ports ------------------------------------------------------------------------

e2e_add_evil
mac=$(lab_ip hv2 -json link show dev "$(lab_underlay 2)" | jq -r '.[0].address')
expect "what a tenant sends to a host" "$(forge t1 user "$(lab_vtep 2)" 4789 10)" 0
clear_dropped() { # at hv2
	if [[ $LAB_PORTS == kernel ]]; then e2e_guarded 2 "clear VXLAN"; else e2e_drop 2 in-clear-vxlan; fi
}

clear_dropped_is() { # COUNT, or more
	(($(clear_dropped) >= $1))
}

expect_counted() { # COMMAND...: FORGED probes in clear and as VPE are dropped, and counted
	local clear spi

	clear=$(clear_dropped) spi=$(e2e_drop 2 in-unknown-spi)
	"$@"
	lab_wait 10 "probes in clear to be counted" clear_dropped_is $((clear + FORGED))
	lab_wait 10 "forged VPE to be counted" e2e_drop_has_risen 2 in-unknown-spi $((spi + FORGED))
}
expect_counted forge evil fabric eth0 "$mac" "$(lab_vtep 1)" "$(lab_vtep 2)" $FORGED
if [[ $LAB_PORTS == kernel ]]; then
	e2e_expect_guarded 1 "VXLAN that came through no VXLAN device" $FORGED \
		as_user hv1 user "$(lab_vtep 2)" 4789 $FORGED >/dev/null
	e2e_expect_guarded 1 "VPE that is not covey's" $FORGED \
		as_user hv1 user "$(lab_vtep 2)" 4798 $FORGED >/dev/null
fi
keep_forging flood3 evil fabric eth0 "$mac" "$(lab_vtep 1)" "$(lab_vtep 2)" 4000
probe tenants || fail "while a foreign host floods: $answer"
expect_nothing_made_up "while a foreign host floods"
lab_stop flood3

# --- the switch -----------------------------------------------------------------------------------

# It doubles VPE: each probe counts once.
keep_forging echo sw echo hv1 hv2 20 "$LAB_DIR/echoes"
lab_wait 10 "the switch to listen" test -e "$LAB_DIR/echoes"
before=$(e2e_drop 2 in-replay-seen)
probe tenants || fail "while the switch repeats: $answer"
expect "probes that arrived" "$(direction 1 2 arrived)" 5
(($(e2e_drop 2 in-replay-seen) > before)) || fail "the switch has repeated nothing"
lab_stop echo

[[ $LAB_PORTS == kernel ]] || exit 0

e2e_oracles || fail "the oracles, before the leak that is planted"
E2E_ORACLES=off
keep_forging record sw record hv1 "$LAB_DIR/recorded"
lab_wait 10 "the switch to record" test -e "$LAB_DIR/recorded"
probe tenants --size 500 || fail "probes of one size: $answer"
guard 1 off
probe tenants --size 500 && fail "the path in clear is not found"
expect_verdicts "the guard is off" clear encrypted
lab_stop record
[[ $(stat -c %s "$LAB_DIR/recorded") -gt 1000 ]] || fail "the switch has recorded nothing"

# Probes are in clear and lost; what the switch says instead, VPE of the same length and old probes, is no proof.
block 4789
keep_forging replay sw replay hv2 "$LAB_DIR/recorded" 30
probe tenants --size 500 && fail "lost probes in clear are found good: $answer"
expect_verdicts "lost in clear, VPE is replayed" clear "not seen"
unblock
guard 1 on
lab_wait 10 "probes to be encrypted again" probe tenants

# Encrypted, and lost: also not what was seen in clear before.
block 4798
clear=$(clear_dropped)
probe tenants --size 500 && fail "lost probes are found good: $answer"
expect_verdicts "lost, old probes are replayed" "not seen" "not seen"
expect "arrived" "$(seen 2 false delivered) $(seen 2 false clear)" "0 0"
lab_wait 10 "replayed probes in clear to be counted" clear_dropped_is $((clear + 1))
unblock
lab_stop replay
lab_wait 10 "probes to be encrypted in the end" probe tenants
expect_verdicts "nothing is forged any more" encrypted encrypted
