#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The veth pair beside covey0 that kernels of Linux 6.2 to 6.16 need (58-host-pair.sh), with two workers a
# host: the kernel spreads what comes out of the pair over both. Unicast and multicast, lossless; then bulk TCP
# both ways with rekeys in the middle, after each of which both workers send in windows of their own.
# ports: kernel
LAB_HOSTS=2
LAB_HOST_VARS='          covey_cores: "0,1"'
LAB_GROUP_VARS="        rekey: {drain_delay: 1s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"
# shellcheck source=tests/e2e/_streams.sh
. "$E2E_HERE/_streams.sh"
LAB_HOST_PRELOAD=$LAB_BUILD/tests/unit/old-kernel.so

(($(nproc) > 1)) || fail "two workers need two processors"
PORTS=(9000 9001)
REKEYS=$(long_or_short 100 3)

ports() { # N
	lab_show "$1" '.ports[] | "\(.role) \(.driver) \(.rx_queues) \(.tx_queues)"'
}

# So many flows that the kernel hardly gives all of them to one worker.
send_by_many() { # FROM TO
	# shellcheck disable=SC2016 # that shell's own
	in_ns "t$1" bash -c 'for i in {1..40}; do echo >"/dev/udp/$0/7"; done' "$(lab_tenant "$2")"
}

# workers_sending N SPI: in how many workers' windows hvN has sent in that SA.
workers_sending() {
	lab_show "$1" "[.windows[] | select(.sending and .spi == $2) | .path >= 16] | unique | length"
}

# both_send SPI: all workers of both hosts have sent in it.
both_send() {
	send_by_many 1 2
	send_by_many 2 1
	[[ $(workers_sending 1 "$1")$(workers_sending 2 "$1") == 22 ]]
}

# carried N SPI: packets that hvN has sent in that SA.
carried() {
	lab_show "$1" "[.sas[] | select(.spi == $2) | .packets_sent] | add // 0"
}

has_carried() { # SPI PACKETS
	(($(carried 1 "$1") >= $2 && $(carried 2 "$1") >= $2))
}

# The host's queues are packet sockets to receive, and the device's own to send. One more socket of the
# fabric's receives multicast.
both_casts
for n in 1 2; do
	expect "workers of hv$n" "$(lab_show "$n" .workers)" 2
	expect "ports of hv$n" "$(ports "$n")" $'fabric kernel 3 2\nhost tap 2 2'
	expect "offload of hv$n" "$(lab_show "$n" '.ports[] | select(.role == "host") | .offload')" \
		"packet sockets, UDP GSO (no tunnel GSO in this kernel)"
	before[n]=$(streams_drops "$n")
done

streams_start "${PORTS[@]}"
for ((i = 0; i < REKEYS; i++)); do
	spi=$(e2e_gkm_active_spi)
	lab_wait 20 "bulk TCP in SA $spi" has_carried "$spi" 5000
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
	lab_wait 20 "both hosts to send in a newer SA than $spi" e2e_agree_above "$spi"
	lab_wait 20 "all workers to send in the new SA" both_send "$(e2e_gkm_active_spi)"
	streams_are_up "${PORTS[@]}" || fail "a connection ended after SA $spi"
done
spi=$(e2e_gkm_active_spi)
lab_wait 20 "bulk TCP in SA $spi" has_carried "$spi" 5000
streams_end 10000000 "${PORTS[@]}"
for n in 1 2; do expect "drops at hv$n" "$(streams_drops "$n")" "${before[n]}"; done
e2e_expect_no_alarm
