#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# round-trips over loopback: who answers is measured, who does not is an error.
#
#     round_trips_check.sh ROUND-TRIPS

set -euo pipefail

program=$1
port=$((20000 + $$ % 10000))

ask() {
	"$program" ask --to 127.0.0.1 --port "$port" --count "$1" --interval-us 100
}

if ask 1 2>/dev/null; then
	echo "an answer, though nobody listens"
	exit 1
fi
"$program" answer --port "$port" &
answer=$!
trap 'kill "$answer"' EXIT
until ask 1 >/dev/null 2>&1; do
	kill -0 "$answer" # else it did not even start
done
ask 200 | jq -e '.sent == 200 and .lost == 0 and .p50_us > 0 and .p50_us <= .p90_us and
	.p90_us <= .p99_us and .p99_us <= .max_us'
