#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The key manager is killed (-9) under traffic: established traffic loses nothing while it is away,
# nor when it comes back and all members agree on one SA again.
. "$(dirname "$0")/_init.sh"

e2e_up
for n in 1 2 3; do
	e2e_receive "$n"
	e2e_wait_ping "$n" $((n % 3 + 1))
done
for n in 1 2 3; do e2e_keep_sending "$n" $((n % 3 + 1)) --rate 500; done
lab_wait 10 "traffic" e2e_has_received 2 1 500
lab_wait 10 "members to agree on one SA" e2e_agree_above 0
first=$(e2e_active_spi 1)

lab_stop gkm KILL
lab_wait 20 "three seconds of traffic without a key manager" e2e_has_received 2 1 2000
lab_start_gkm
lab_wait 60 "members to agree on a new SA" e2e_agree_above "$first"
lab_wait_joined
more=$(($(e2e_report rx2 '.streams["1"].received') + 500))
lab_wait 10 "traffic on the new SA" e2e_has_received 2 1 "$more"
for n in 1 2 3; do lab_stop "tx$n-$((n % 3 + 1))"; done
for n in 1 2 3; do e2e_expect_all "$n" $((n % 3 + 1)); done
expect "SPIs on the wire" "$(e2e_report recorder '[.windows[].spi] | unique | length >= 2')" true
