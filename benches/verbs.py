#!/usr/bin/env python3
"""Times every verb as a whole process beside xan and DuckDB, on the common report and a shuffled copy of it.

Prints a table in Markdown: CPU seconds (user and system, the best of some runs, in turns), how many times as much the
peer takes, and the peaks of memory. All have one thread. It needs the program, xan (`cargo install xan --locked`), and a
Python with duckdb (`pip install duckdb`) to be started with:

    cargo build --release --features cli
    SPEED_MB=200 SPEED_WRITE=/tmp/report.csv cargo bench --bench speed
    python benches/verbs.py target/release/faults /tmp/report.csv
"""
import os
import random
import shutil
import sys
import tempfile

RUNS = int(os.environ.get("VERBS_RUNS", "3"))

DUCKDB_SUMMARY = """
import sys, duckdb
duckdb.sql("SET threads = 1")
rows = "read_csv(?, header = true, all_varchar = true)"
print(duckdb.sql(f"SELECT Reason, split_part(email, '@', 2) AS domain, count(*) FROM {rows} GROUP BY ALL", params=[sys.argv[1]]).fetchall()[:1])
"""
DUCKDB_JOIN = """
import sys, duckdb
duckdb.sql("SET threads = 1")
rows = "(SELECT lower(trim(email)) AS email, Reason FROM read_csv(?, header = true, all_varchar = true))"
print(duckdb.sql(
    f"SELECT old.Reason, new.Reason, count(*) FROM {rows} old FULL JOIN {rows} new USING (email) GROUP BY ALL",
    params=[sys.argv[1], sys.argv[2]]).fetchall()[:1])
"""
DUCKDB_CONTACTS = """
import sys, duckdb
duckdb.sql("SET threads = 1")
rows = "(SELECT lower(trim(email)) AS email, list(Reason ORDER BY Reason) AS reasons FROM read_csv(?, header = true, all_varchar = true) GROUP BY ALL)"
for contact in duckdb.sql(
    f"SELECT email, old.reasons, new.reasons FROM {rows} old FULL JOIN {rows} new USING (email) "
    "WHERE old.reasons IS DISTINCT FROM new.reasons ORDER BY email",
    params=[sys.argv[1], sys.argv[2]]).fetchall():
    print(*contact)
"""


def shuffled(path, copy, changed):
    """The same rows in another order, and once more with another reason in each hundredth; written in a process of its own,
    whose memory would count as that of others."""
    writer = os.fork()
    if writer == 0:
        head, rest = open(path, "rb").read().split(b"\r\n", 1)
        rows, row = [], b""
        for line in rest.split(b"\r\n"):
            row = row + b"\r\n" + line if row else line
            if row.count(b'"') % 2 == 0:
                rows.append(row)
                row = b""
        random.Random(1).shuffle(rows)
        rows = [row for row in rows if row]
        with open(copy, "wb") as file:
            file.write(head + b"\r\n" + b"\r\n".join(rows) + b"\r\n")
        rows[::100] = [b"Quarantined," + row.split(b",", 1)[1] for row in rows[::100]]
        with open(changed, "wb") as file:
            file.write(head + b"\r\n" + b"\r\n".join(rows) + b"\r\n")
        os._exit(0)
    os.waitpid(writer, 0)


def run(command):
    """CPU seconds, and the peak of memory in MB."""
    process = os.fork()
    if process == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"{command} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    program, path = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        names = ("copy.csv", "changed.csv", "ours", "peer")
        copy, changed, ours_dir, peer_dir = (os.path.join(folder, name) for name in names)
        shuffled(path, copy, changed)
        verbs = [
            ("summary", [program, "summary", "--format", "json", path], ["xan", "frequency", "-s", "Reason", path]),
            ("list --format csv", [program, "list", "--format", "csv", path], ["xan", "select", "*", path]),
            ("list --format jsonl", [program, "list", "--format", "jsonl", path], ["xan", "to", "ndjson", path]),
            (
                "list --reason hard_bounced",
                [program, "list", "--format", "csv", "--reason", "hard_bounced", path],
                ["xan", "search", "-s", "Reason", "-e", "Hard bounced", path],
            ),
            ("split", [program, "split", path, "--dir", ours_dir], ["xan", "partition", "Reason", path, "-O", peer_dir]),
            (
                "summary --by domain",
                [program, "summary", "--format", "json", "--by", "domain", path],
                [sys.executable, "-c", DUCKDB_SUMMARY, path],
            ),
            (
                "compare with a shuffled copy",
                [program, "compare", "--format", "json", path, copy],
                [sys.executable, "-c", DUCKDB_JOIN, path, copy],
            ),
            (
                "compare --contacts, 1 % changed",
                [program, "compare", "--contacts", "--format", "csv", path, changed],
                [sys.executable, "-c", DUCKDB_CONTACTS, path, changed],
            ),
        ]
        print(f"| {os.path.getsize(path) / 1e6:.0f} MB | ours, CPU s | peer, CPU s | ratio | ours, peak MB | peer, peak MB |")
        print("|---|---|---|---|---|---|")
        for name, ours, peer in verbs:
            times = []
            for _ in range(RUNS):
                for folder_of_one in (ours_dir, peer_dir):
                    shutil.rmtree(folder_of_one, ignore_errors=True)
                times.append((run(ours), run(peer)))
            mine, other = min(one[0] for one in times), min(one[1] for one in times)
            peer_name = "DuckDB" if peer[0] == sys.executable else " ".join(peer[:3] if peer[1] == "to" else peer[:2])
            print(
                f"| `{name}` | {mine[0]:.2f} | {other[0]:.2f} ({peer_name}) | {other[0] / mine[0]:.1f} | "
                f"{max(one[0][1] for one in times):.0f} | {max(one[1][1] for one in times):.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
