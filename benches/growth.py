#!/usr/bin/env python3
"""How time, memory and output grow with hostile inputs: thirty shapes of 1, 2, 4 and 8 MB, through every verb.

Prints a table in Markdown: CPU seconds at 8 MB and, in brackets, how many times that is of those at 1 MB (8 is linear);
the largest peak of memory, and the most bytes written for each byte read. Needs nothing but Python and the program:

    cargo build --release --features cli && benches/growth.py target/release/faults
"""
import os
import shutil
import subprocess
import sys
import tempfile

MB = 1_000_000


def repeated(head, unit, size):
    unit = unit.encode() if isinstance(unit, str) else unit
    head = head.encode() if isinstance(head, str) else head
    return head + unit * max(1, (size - len(head)) // len(unit))


def numbered(head, row, size):
    rows, length, number = [head.encode()], len(head), 0
    while length < size:
        text = row(number).encode()
        rows.append(text)
        length += len(text)
        number += 1
    return b"".join(rows)


HEAD = "Reason,email,a,b\n"
WIDE = "Reason,email," + ",".join(f"c{n}" for n in range(16_000)) + "\n"
BOM = "\ufeff"

SHAPES = {
    "good rows": lambda s: repeated(HEAD, "Blocker,a@x.example,1,2\n", s),
    "lone CRs": lambda s: repeated(HEAD.replace("\n", "\r"), "Blocker,a@x.example,1,2\r", s),
    "one byte a row": lambda s: repeated(HEAD, "x\n", s),
    "empty lines": lambda s: repeated(HEAD, "\n", s),
    "blank rows": lambda s: repeated(HEAD, ",,,\n", s),
    "blank rows before the header": lambda s: repeated("", ",,,\n", min(s, 900_000)) + HEAD.encode() + repeated("", "Blocker,a@x,1,2\n", max(20, s - 900_000)),
    "short rows under 16,000 columns": lambda s: repeated(WIDE, "Blocker,a@x\n", s),
    "one-cell rows under 16,000 columns": lambda s: repeated(WIDE, "x\n", s),
    "long rows": lambda s: repeated(HEAD, "Blocker,a@x" + "," * 5000 + "\n", s),
    "one row of commas": lambda s: repeated(HEAD + "Blocker,a@x", ",", s),
    "one cell without quotes": lambda s: repeated(HEAD + "Blocker,a@x,", "x", s),
    "an open quote": lambda s: repeated(HEAD + 'Blocker,a@x,"', "x\n", s),
    "open quotes in each row": lambda s: repeated(HEAD, 'Blocker,a@x,"1,2\n', s),
    "open quotes in each cell": lambda s: repeated(HEAD, '"a,"b,"c,"d\n', s),
    "doubled quotes": lambda s: repeated(HEAD + 'Blocker,a@x,"', '""', s),
    "doubled quotes, a line each": lambda s: repeated(HEAD, '"a""\n""b""\n', s),
    "quotes that hold faults": lambda s: repeated(HEAD, 'Blocker,a@x,"\nDuplicate,b@x,1,2\n",2\n', s),
    "largest fields": lambda s: repeated(HEAD, 'Blocker,a@x,"' + "x" * 1_048_500 + '",2\n', s),
    "torn rows": lambda s: repeated(HEAD, "Blocker,a@x\nrest\nof it\n", s),
    "one row torn many times": lambda s: repeated("Reason,email," + ",".join("c" * 9000) + "\nBlocker,a@x\n", "x,y\n", s),
    "torn with gaps": lambda s: repeated(HEAD, "Blocker,a@x\n" + "\n" * 60_000 + "rest\n", s),
    "header copies": lambda s: repeated(HEAD, HEAD, s),
    "header copies behind marks": lambda s: repeated(HEAD, BOM + HEAD, s),
    "marks": lambda s: repeated(HEAD, BOM, s),
    "marks and quotes": lambda s: repeated('"Reason","email","a\nb",c\n', BOM + '"Reason","email","a\n', s),
    "other headers in turns": lambda s: repeated(HEAD, "Reason,email\nBlocker,a@x\nReason,mail,c\nBlocker,b@x,1\n", s),
    "wide other headers": lambda s: repeated(HEAD, WIDE + "Blocker,a@x\n", s),
    "distinct unknown reasons": lambda s: numbered(HEAD, lambda n: f"odd {n},a{n}@x.example,1,2\n", s),
    "distinct emails and domains": lambda s: numbered(HEAD, lambda n: f"Blocker,a{n}@d{n}.example,1,2\n", s),
    "unknown and short in turns": lambda s: repeated(WIDE, "odd,a@x\nBlocker,b@x,1\nodd\n", s),
    "one email with many faults": lambda s: repeated(HEAD, "Blocker,a@x,1,2\nDuplicate,a@x,1,2\n", s),
    "equal names": lambda s: repeated("Reason,email" + ",x" * 16_000 + "\n", "Blocker,a@x,1\n", s),
    "names like numbered columns": lambda s: repeated("Reason,email," + ",".join(f"column_20000_{n}" for n in range(2, 9_000)) + ",column_20000\n", "Blocker" + ",1" * 20_010 + "\n", s),
    "not UTF-8": lambda s: repeated(HEAD, b"Blocker,a\xff@x,\xe2\x82,\xf0\x9f\n", s),
    "NULs": lambda s: repeated(HEAD, "Blocker,a@x,\0\0\0,\0\n", s),
    "no report: an endless line": lambda s: repeated("", "x", s),
    "no report: contacts": lambda s: repeated("email,name\n", "a@x.example,Ann\n", s),
    "no report: brackets": lambda s: repeated("", "[", s),
    "no report: an error of many codes": lambda s: repeated("<", "ERROR_A ", s),
}

VERBS = {
    "summary": ["summary", "--format", "json"],
    "by a": ["summary", "--format", "json", "--by", "a"],
    "by domain": ["summary", "--format", "json", "--by", "domain"],
    "csv": ["list", "--format", "csv"],
    "csv, others": ["list", "--format", "csv", "--reason", "other"],
    "jsonl": ["list", "--format", "jsonl"],
    "split": ["split", "--force", "--dir"],
    "compare": ["compare", "--format", "json"],
}


def run(program, arguments, path, folder):
    """CPU seconds, peak of memory in MB, bytes written, exit code."""
    command = [program, *arguments]
    if arguments[0] == "split":
        command.append(os.path.join(folder, "split"))
    command.append(path)
    if arguments[0] == "compare":
        command.append(path)
    out_path = os.path.join(folder, "out")
    shutil.rmtree(os.path.join(folder, "split"), ignore_errors=True)
    with open(out_path, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    written = os.path.getsize(out_path)
    split = os.path.join(folder, "split")
    if arguments[0] == "split" and os.path.isdir(split):
        written += sum(os.path.getsize(os.path.join(split, name)) for name in os.listdir(split))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, written, os.waitstatus_to_exitcode(status)


def write(make, size, path):
    """Writes a shape in a process of its own, whose memory would count as that of those started later."""
    writer = os.fork()
    if writer == 0:
        with open(path, "wb") as file:
            file.write(make(size))
        os._exit(0)
    os.waitpid(writer, 0)
    return os.path.getsize(path)


def main():
    program = os.path.abspath(sys.argv[1])
    sizes = [MB, 2 * MB, 4 * MB, 8 * MB]
    print("| shape | " + " | ".join(VERBS) + " | peak MB | written / read |")
    print("|---|" + "---|" * (len(VERBS) + 2))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.csv")
        for name, make in SHAPES.items():
            times, peak, most = {verb: [] for verb in VERBS}, 0, 0
            for size in sizes:
                length = write(make, size, path)
                for verb, arguments in VERBS.items():
                    cpu, memory, written, code = run(program, arguments, path, folder)
                    times[verb].append((cpu, code))
                    peak, most = max(peak, memory), max(most, written / length)
            cells = []
            for verb in VERBS:
                (first, _), (last, code) = times[verb][0], times[verb][-1]
                growth = f" ({last / first:.0f})" if first >= 0.01 else ""
                cells.append(f"{last:.2f}{growth}" + ("" if code == 0 else f", exit {code}"))
            print(f"| {name} | " + " | ".join(cells) + f" | {peak:.0f} | {most:.1f} |", flush=True)


if __name__ == "__main__":
    main()
