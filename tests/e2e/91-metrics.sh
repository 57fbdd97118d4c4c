#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A real Prometheus scrapes both daemons: hv1, hv2 and the key manager on addresses of the network, hv3 in its
# own namespace as it is by default. The pages are correct by Prometheus' own tools, have the metrics that
# docs/metrics.md lists and no others, and count what passes. A thousand clients at each daemon that are dead, slow
# or talk garbage cost tenants no frame, and no host its session.
# shellcheck disable=SC2034 # for lab.sh
. "$(dirname "$0")/_init.sh"

RULES=$LAB_SOURCE/deploy/prometheus/covey.rules.yml
PAGE=$E2E_HERE/metrics_page.py
LAB_HOST_VARS_1="          covey_metrics: $(lab_vtep 1):9798"
LAB_HOST_VARS_2="          covey_metrics: $(lab_vtep 2):9798"
LAB_FABRIC_VARS="    covey_gkm_metrics: $(lab_gkm_address):9799"
LAB_GROUP_VARS="        rekey: {drain_delay: 1s}"

# place NAME: where that daemon has its metrics.
place() {
	case $1 in
	gkm) echo "$(lab_gkm_address):9799" ;;
	hv3) echo 127.0.0.1:9798 ;;
	hv*) echo "$(lab_vtep "${1#hv}"):9798" ;;
	esac
}

# page NAME WHAT...: metrics_page.py beside that daemon.
page() {
	in_ns "$1" /usr/bin/python3 "$PAGE" "$2" "http://$(place "$1")/metrics" "${@:3}"
}

value() { # NAME SAMPLE [LABEL VALUE]: of the sample that has this label
	page "$1" value "$2" | { grep -F "${3:+\"$3\": \"$4\"}" || true; } | sed 's/.* //'
}

# --- what the pages say ---------------------------------------------------------------------------

expect_page() { # NAME
	page "$1" check >"$LAB_DIR/$1.families" || fail "$1: the page is no OpenMetrics"
	in_ns "$1" /usr/bin/python3 -c 'import sys, urllib.request
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())' "http://$(place "$1")/metrics" \
		>"$LAB_DIR/$1.text"
	promtool check metrics <"$LAB_DIR/$1.text" >"$LAB_DIR/lint" 2>&1 || fail "$1: $(head -5 "$LAB_DIR/lint")"
	[[ ! -s $LAB_DIR/lint ]] || fail "$1: $(head -5 "$LAB_DIR/lint")"
}

# What the daemons give is what the page about them lists.
expect_documented() {
	jq -r 'to_entries[] | .key + ({counter: "_total", info: "_info"}[.value.type] // "")' \
		"$LAB_DIR"/{gkm,hv1,hv2,hv3}.families | sort -u >"$LAB_DIR/given"
	# shellcheck disable=SC2016 # the page's own marks
	sed -n 's/^| `\(covey_[a-z_]*\)` |.*/\1/p' "$LAB_SOURCE/docs/metrics.md" | sort >"$LAB_DIR/listed"
	diff "$LAB_DIR/listed" "$LAB_DIR/given" >&2 || fail "docs/metrics.md (<) and the daemons (>) differ"
}

# Tenants' kernels may send a frame of their own at any time.
counts_agree() {
	[[ $(value hv1 covey_host_encrypted_packets_total) == "$(lab_show 1 .counters.encrypted_packets)" ]]
}

# Of hv2: "BYTES BYTES PACKETS PACKETS", by metric and as `covey show` has it of the group, and of its members together.
group_counts() {
	local show='.groups[] | select(.name == "tenants")'

	echo "$(page hv2 value covey_host_group_bytes_total | sed -n 's/.*"in".* //p')" \
		"$(lab_show 2 "$show | .traffic.received_bytes, ([.members[].received_bytes // 0] | add)" | xargs)" \
		"$(page hv2 value covey_host_group_packets_total | sed -n 's/.*"in".* //p')"
}

# Tenants' kernels may send a frame of their own at any time.
group_counts_agree() {
	local metric group members packets

	read -r metric group members packets < <(group_counts)
	[[ $metric == "$group" && $metric == "$members" ]] && ((packets >= $1 && metric > 60 * packets))
}

has_only_sa() { # N SPI
	[[ $(lab_show "$1" '[.sas[].spi]' | jq -c .) == "[$2]" ]]
}

# What hv2 has heard from hvN.
heard_from() {
	lab_covey 2 --json show peers | jq -r ".peers[] | select(.host == \"hv$1\") | .received_packets"
}

heard_at_least() { # N PACKETS
	(($(heard_from "$1") >= $2))
}

expect_state() {
	expect "hv1's sessions" "$(value hv1 covey_host_gkm_sessions_total)" 1
	expect "hv1 connected" "$(value hv1 covey_host_gkm_connected)" 1
	expect "hv3's mode" "$(value hv3 covey_host_group_mode mode enforce)" 1
	expect "members at hv2" "$(value hv2 covey_host_group_members)" 3
	expect "members at the key manager" "$(value gkm covey_gkm_group_members state connected)" 3
	expect "members behind" "$(value gkm covey_gkm_group_members_behind)" 0
	expect "the SA at hv1" "$(value hv1 covey_host_sa_spi)" "$(e2e_active_spi 1)"
	expect "the SA at the key manager" "$(value gkm covey_gkm_sa_spi)" "$(e2e_gkm_active_spi)"
}

# --- Prometheus -----------------------------------------------------------------------------------

write_config() {
	cat >"$LAB_DIR/prometheus.yml" <<-YAML
		global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
		rule_files: [$RULES]
		scrape_configs:
		  - job_name: covey
		    static_configs:
		      - targets: ['$(place hv1)', '$(place hv2)', '$(place gkm)']
	YAML
}

start_prometheus() {
	write_config
	lab_spawn prometheus gkm prometheus --config.file "$LAB_DIR/prometheus.yml" \
		--storage.tsdb.path "$LAB_DIR/prometheus" --web.listen-address 127.0.0.1:9090 --log.level warn
	lab_wait 60 "Prometheus" query_is 1 'vector(1)'
}

query() {
	in_ns gkm promtool query instant -o json http://127.0.0.1:9090 "$1" 2>/dev/null | jq -r '.[].value[1]'
}

query_is() { # VALUE EXPRESSION
	[[ $(query "$2") == "$1" ]]
}

query_fires() { # ALERT
	[[ $(query "count(ALERTS{alertname=\"$1\"})") -ge 1 ]]
}

# --- a crowd --------------------------------------------------------------------------------------

start_storm() { # NAME: 1,000 clients, which stay until the lab ends
	local where

	where=$(place "$1")
	mkfifo "$LAB_DIR/hold-$1"
	exec {hold}<>"$LAB_DIR/hold-$1"
	# shellcheck disable=SC2016 # its own arguments
	lab_spawn "storm-$1" "$1" bash -c 'exec /usr/bin/python3 "$1" storm "$2" "$3" <"$4"' storm \
		"$PAGE" "${where%:*}" "${where##*:}" "$LAB_DIR/hold-$1"
	lab_wait 30 "clients of $1" grep -q 'all have begun' "$LAB_DIR/log/storm-$1"
}

is_answered() { # NAME
	page "$1" check >/dev/null
}

e2e_up
for name in hv1 hv2 hv3 gkm; do expect_page "$name"; done
expect_documented
expect_state

e2e_receive 2
e2e_send 1 2 --count 500 --rate 2000
e2e_expect_all 1 2
lab_wait 10 "hv1's metrics and covey show to say the same" counts_agree

lab_wait 30 "hv2's metrics and covey show to say the same of the group" group_counts_agree 500
heard_at_least 1 500 || fail "hv2 has heard $(heard_from 1) packets of hv1"

start_prometheus
lab_wait 30 "Prometheus to scrape all" query_is 3 'sum(up)'
lab_wait 30 "Prometheus to have hv1's packets" query_is 1 \
	"covey_host_encrypted_packets_total{instance=\"$(place hv1)\"} >= bool 500"
lab_wait 30 "one SA everywhere" query_is 1 'count(count_values("spi", covey_host_sa_spi or covey_gkm_sa_spi))'

# Clients that are in the way.
rekeys=$(value gkm covey_gkm_rekey_duration_seconds_count)
start_storm hv1
start_storm gkm
e2e_send 3 2 --count 1000 --rate 1000
e2e_expect_all 3 2
lab_at_gkm rekey tenants >/dev/null
lab_wait 30 "hv1 to answer" is_answered hv1
lab_wait 30 "the key manager to answer" is_answered gkm
lab_wait 30 "Prometheus to see a rekey" query_is 1 \
	"sum(covey_gkm_rekey_duration_seconds_count) > bool $rekeys"
lab_wait 30 "Prometheus to reach all" query_is 3 'sum(up)'
expect "sessions that hv1 has lost" "$(value hv1 covey_host_gkm_sessions_lost_total)" 0

# Another key, and the one before is wiped: what came under it still counts.
lab_wait 30 "hv2 to have one SA alone" has_only_sa 2 "$(e2e_gkm_active_spi)"
lab_wait 30 "hv2's metrics and covey show to say the same of the group" group_counts_agree 1500
heard_at_least 1 500 || fail "hv2 has heard $(heard_from 1) packets of hv1 since the rekey"
heard_at_least 3 1000 || fail "hv2 has heard $(heard_from 3) packets of hv3 since the rekey"

# A key manager that is away.
lab_stop gkm
lab_wait 30 "the alarm" query_fires CoveyKeyManagerUnreachable
