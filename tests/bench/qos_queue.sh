#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What QoS in the fabric does to replay windows of each size, 64 to 65,536: tests/e2e/68-qos-queue.sh over all
# of them, with eight classes and with all traffic in one window. Keeps docs/performance/qos_queue.tsv, draws
# docs/performance/qos-queue.svg, and makes the tables of the notebook again. Takes about 3 minutes, and needs
# root, gnuplot and a build.
#
#   sudo ./tests/bench/qos_queue.sh [--docs FOLDER]     FOLDER has performance/, instead of docs

set -euo pipefail

HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=tests/machine.sh
. "$HERE/../machine.sh"

SIZES="64 128 256 512 1024 2048 4096 8192 16384 32768 65536"
docs=$HERE/../../docs

case ${1:-} in
--docs)
	docs=${2:?--docs needs a folder}
	;;
?*)
	sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
	[[ $1 == --help || $1 == -h ]] || exit 2
	exit 0
	;;
esac
gnuplot --version >/dev/null 2>&1 || { echo "qos_queue: install gnuplot (gnuplot-nox)" >&2 && exit 2; }

scratch=$(mktemp -d /tmp/covey-qos.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# A line for each size: the size, and how much of what was sent was lost, in percent.
curve() { # WAY
	jq -r "select(.way == \"$1\") | \"\(.replay_window) \(100 * .lost / .packets)\"" "$scratch/lines"
}

draw() {
	gnuplot <<-PLOT
		set terminal svg size 1200,800
		set output '$docs/performance/qos-queue.svg'
		set title 'Lost to the replay check behind a queue with eight priorities'
		set xlabel 'replay window, packets'
		set ylabel '% of the packets'
		set key outside below
		set grid
		set yrange [-2:*]
		set logscale x 2
		\$one << EOD
		$(curve one)
		EOD
		\$eight << EOD
		$(curve eight)
		EOD
		plot \$one with linespoints title 'all in one window', \$eight with linespoints title 'a window for each class (VPE)'
	PLOT
}

QOS_WINDOWS=$SIZES "$HERE/../e2e/68-qos-queue.sh" | tee "$scratch/all"
sed -n 's/^qos: //p' "$scratch/all" >"$scratch/lines"
mkdir -p "$docs/performance"
"$HERE/performance_data.py" record "$(date -u +%F)" "$(revision)" "$(machine)" \
	"tests/bench/qos_queue.sh" <"$scratch/lines" >"$scratch/data"
cp "$scratch/data" "$docs/performance/qos_queue.tsv"
draw
"$HERE/../performance" --docs "$docs" --table
# Under sudo, what is new belongs to whoever owns the page.
chown -R --reference="$docs/performance/notebook.md" "$docs/performance"
