#!/usr/bin/env bash
# Makes the pictures of the README from a fixture: docs/pictures.sh target/release/faults
# It needs Chromium, and Python with rich (`pip install rich`), which draws a terminal as SVG.
set -euo pipefail
faults=$(realpath "$1")
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$faults" summary fixtures/all-reasons.csv --color always > "$folder/table.txt"
python3 - "$folder/table.txt" docs/table.svg <<'PYTHON'
import io
import re
import sys

from rich.console import Console
from rich.text import Text

console = Console(record=True, width=82, file=io.StringIO(), force_terminal=True)
console.print(Text.from_ansi(open(sys.argv[1], encoding="utf-8").read()))
svg = console.export_svg(title="faults summary fixtures/all-reasons.csv", unique_id="table")
# A font from elsewhere is none of ours to fetch.
svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
open(sys.argv[2], "w", encoding="utf-8").write(svg)
PYTHON

"$faults" summary fixtures/all-reasons.csv fixtures/recorded-2015.csv --by domain --format html -o "$folder/page.html"
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
    --disable-sync --hide-scrollbars --user-data-dir="$folder/browser" --force-color-profile=srgb \
    --window-size=900,1000 --screenshot=docs/page.png "file://$folder/page.html" 2>/dev/null

# The dashboard, with the demo's own year.
"$faults" demo --serve --listen 127.0.0.1:0 2> "$folder/demo.log" &
demo=$!
until grep -q listening "$folder/demo.log"; do sleep 1; done
address=$(sed -n 's/.*listening on //p' "$folder/demo.log")
until curl -fs "$address/readyz" > /dev/null; do sleep 1; done
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
    --disable-sync --hide-scrollbars --user-data-dir="$folder/browser" --force-color-profile=srgb \
    --window-size=1100,1500 --screenshot=docs/dashboard.png "$address/?by=week&since=365d" 2>/dev/null
kill -INT "$demo"
