#!/usr/bin/env bash
# Times whole processes on one file: `faults summary` beside xan, DuckDB and Polars, which are installed from their
# registries where they are missing. All have one thread. Prints one table.
#
# PEERS_MB sets the size of the file in millions of bytes; 1000 unless set.
set -euo pipefail
cd "$(dirname "$0")/.."

mb=${PEERS_MB:-1000}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dotdigital-faults/speed
mkdir -p "$cache"

packages=()
command -v hyperfine >/dev/null || packages+=(hyperfine)
[ -x /usr/bin/time ] || packages+=(time)
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || packages+=(python3-venv)
if [ ${#packages[@]} -gt 0 ]; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
command -v xan >/dev/null || cargo install xan --locked
if [ ! -x "$cache/venv/bin/python" ]; then
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install -q --disable-pip-version-check duckdb polars
fi
python=$cache/venv/bin/python
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

cargo build --release --features cli
file=$cache/$mb.csv
[ -s "$file" ] || SPEED_MB=$mb SPEED_WRITE=$file cargo bench --bench speed

cat > "$cache/with_duckdb.py" <<'PYTHON'
import sys, duckdb
duckdb.sql("SET threads = 1")
print(duckdb.sql("SELECT Reason, count(*) FROM read_csv(?, header = true, all_varchar = true) GROUP BY 1", params=[sys.argv[1]]).fetchall())
PYTHON
cat > "$cache/with_polars.py" <<'PYTHON'
import sys, polars
rows = polars.scan_csv(sys.argv[1], infer_schema=False)
print(rows.group_by("Reason").len().collect(engine="streaming"))
PYTHON
export POLARS_MAX_THREADS=1

names=(faults xan duckdb polars)
commands=(
    "$target/release/faults summary --format json $file"
    "xan frequency -s Reason $file"
    "$python $cache/with_duckdb.py $file"
    "$python $cache/with_polars.py $file"
)
hyperfine --warmup 1 --runs "${PEERS_RUNS:-5}" --export-json "$cache/times.json" "${commands[@]}" >&2

for number in "${!names[@]}"; do
    # shellcheck disable=SC2086 # A command and its arguments; no path here has spaces.
    /usr/bin/time -f %M -o "$cache/${names[number]}.memory" ${commands[number]} >/dev/null
done
python3 - "$cache" "$file" "${names[@]}" <<'PYTHON'
import json, os, sys
cache, file, *names = sys.argv[1:]
size = os.path.getsize(file)
results = json.load(open(f"{cache}/times.json"))["results"]
print(f"| {size / 1e6:.0f} MB, one thread | best s | mean s | CPU s | GB/s | CPU, ours = 1 | peak MB |")
print("|---|---|---|---|---|---|---|")
cpu = lambda result: result["user"] + result["system"]
for name, result in zip(names, results):
    memory = int(open(f"{cache}/{name}.memory").read()) * 1024 / 1e6
    print(f"| {name} | {result['min']:.2f} | {result['mean']:.2f} | {cpu(result):.2f} | {size / result['min'] / 1e9:.2f} | "
          f"{cpu(result) / cpu(results[0]):.1f} | {memory:.0f} |")
PYTHON
