#!/usr/bin/env bash
# Fuzzes every target for some seconds and prints a table: fuzz/run.sh 60 [target...]
# Needs cargo-fuzz and a nightly toolchain. Ends with 1 if any target found something.
set -eu
cd "$(dirname "$0")"

seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET...]}
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for file in fuzz_targets/*.rs; do
    targets+=("$(basename "$file" .rs)")
  done
fi
# Nothing here is unsafe, so the address sanitizer would only cost time.
options=(--sanitizer "${SANITIZER:-none}")
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

cargo +nightly fuzz build "${options[@]}"
printf '%-15s %12s %9s %9s %9s  %s\n' target executions per_second edges corpus found
status=0
for target in "${targets[@]}"; do
  log=$logs/$target
  mkdir -p "corpus/$target"
  found=nothing
  cargo +nightly fuzz run "${options[@]}" "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 >"$log" 2>&1 || found=yes
  if [ "$found" = yes ]; then
    status=1
    tail -n 40 "$log"
  fi
  of() { sed -n "s/^stat::$1: *//p" "$log"; }
  last=$(grep -E '^#[0-9]+.* cov: ' "$log" | tail -n 1 || true)
  printf '%-15s %12s %9s %9s %9s  %s\n' "$target" \
    "$(of number_of_executed_units)" "$(of average_exec_per_sec)" \
    "$(sed -E 's/.* cov: ([0-9]+).*/\1/' <<<"$last")" \
    "$(sed -E 's/.* corp: ([0-9]+).*/\1/' <<<"$last")" "$found"
done
exit "$status"
