#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The oracles find what they are there for: on plain VXLAN the canary and clear VXLAN, and one IV
# with different bytes wherever it comes from.
LAB_MODE=plain
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"
E2E_ORACLES=off

# One VPE packet by hand: SPI 256, SenderID 1, WindowID 0x1000, ESN 1.1, and 32 bytes.
write_capture() {
	{
		printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\10\0\0\1\0\0\0'
		printf '\0\0\0\0\0\0\0\0\x6a\0\0\0\x6a\0\0\0'
		printf '\1\0\x5e\1\1\1\2\0\0\0\0\1\x08\0'
		printf '\x45\0\0\x5c\0\0\x40\0\x40\x11\0\0\x0a\x4d\0\1\xef\1\1\1'
		printf '\xc4\0\x12\xbe\0\x48\0\0'
		printf '\0\0\1\0\0\1\x10\0\0\1\0\0\0\0\0\1%016d%032d' 0 0
	} >"$LAB_DIR/made.pcap"
}

e2e_up
e2e_receive 2
e2e_wire_oracle || fail "the wire oracle cries before anything happened"
e2e_send 1 2 --count 100
e2e_expect_all 1 2
if e2e_wire_oracle 2>/dev/null; then fail "the wire oracle did not find the canary"; fi
expect "canaries in clear VXLAN" "$(e2e_report recorder '.canary_kinds.vxlan >= 100')" true

write_capture
e2e_made() {
	in_ns hv1 "$(lab_program inject)" --capture "$LAB_DIR/made.pcap" --as "$1" fab0 >/dev/null
}
e2e_made replay
e2e_made replay
e2e_iv_oracle || fail "the IV oracle cries over a packet that came twice"
expect "packets that came twice" "$(e2e_report recorder .iv_repeated)" 1
e2e_format_oracle || fail "the format oracle cries over a good packet"
e2e_made altered
if e2e_iv_oracle 2>/dev/null; then fail "the IV oracle did not find the IV used twice"; fi
e2e_made unknown-spi
e2e_recorder_oracle
