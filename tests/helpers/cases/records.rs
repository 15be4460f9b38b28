//! Rule 3: records, and those that are skipped.

use super::Case;

pub const CASES: &[Case] = &[
    ("no line end at the end", b"Reason,email\nBlocker,a@b", "2 blocker [Blocker|a@b]"),
    (
        "lines that end in CR, with cells in quotes",
        b"Reason,email\r\"Blocker\",a@b\r\"Duplicate\",c@d\r",
        "2 blocker [Blocker|a@b]\n3 duplicate [Duplicate|c@d]",
    ),
    (
        "a row of blanks and a line of tabs, where tabs part cells",
        b"Reason\temail\tx\nBlocker\ta@b\tc\n\0\t\t\n\t\t\nDuplicate\tc@d\te\n",
        "2 blocker [Blocker|a@b|c]\n5 duplicate [Duplicate|c@d|e]\nblank_row=1",
    ),
    (
        "blank lines",
        b"\n \nReason,email\n\nBlocker,a@b\n \t \r\n\r\nDuplicate,c@d\n\n",
        "5 blocker [Blocker|a@b]\n8 duplicate [Duplicate|c@d]",
    ),
    ("lone CRs", b"Reason,email\rBlocker,a@b\r\rDuplicate,c@d", "2 blocker [Blocker|a@b]\n4 duplicate [Duplicate|c@d]"),
    (
        "quotes",
        b"Reason,email,x\nBlocker,\"a@b\",\"1,2\n\"\"3\"\"\"\nDuplicate,c@d,\"\"\n",
        "2 blocker [Blocker|a@b|1,2\\n\\\"3\\\"]\n4 duplicate [Duplicate|c@d|]",
    ),
    (
        "quotes in an unquoted field",
        b"Reason,email,x\nBlocker,a@b,5\" disk \"x\" \n",
        "2 blocker [Blocker|a@b|5\\\" disk \\\"x\\\" ]",
    ),
    (
        "text behind a closing quote",
        b"Reason,email,x\nBlocker,a@b,\"a\"b\"c\nDuplicate,c@d,\"\"\"\"x\n",
        "2 blocker [Blocker|a@b|ab\\\"c]\n3 duplicate [Duplicate|c@d|\\\"x]",
    ),
    (
        "a quote behind a space is no opening one",
        b"Reason,email\nBlocker, \"a@b\"\n",
        "2 blocker [Blocker| \\\"a@b\\\"]",
    ),
    ("empty quotes alone are a blank row", b"Reason,email\n\"\"\n", "blank_row=1"),
    ("empty fields", b"Reason,email,x\n,,x\nBlocker,,\n", "2 other() [||x]\n3 blocker [Blocker||]"),
    ("spaces stay in the fields", b"Reason,email\n  Blocker ,  a@b \n", "2 blocker [  Blocker |  a@b ]"),
    (
        "rows of empty cells",
        b"Reason,email,x\nBlocker,a@b,1\n,,\n,,,,\nDuplicate,c@d,2\n",
        "2 blocker [Blocker|a@b|1]\n5 duplicate [Duplicate|c@d|2]\nblank_row=2",
    ),
    ("rows of spaces and tabs", b"Reason,email\n , \t\nBlocker,a@b\n", "3 blocker [Blocker|a@b]\nblank_row=1"),
    (
        "rows of empty quotes",
        b"Reason,email\n\"\",\"\"\nBlocker,a@b\n\" \"\n\"\"\n",
        "3 blocker [Blocker|a@b]\nblank_row=3",
    ),
    (
        "blank rows in front of the header",
        b",,\n,,\nReason,email,x\nBlocker,a@b,1\n",
        "4 blocker [Blocker|a@b|1]\nblank_row=2",
    ),
    ("a blank row alone", b",,,\n", words!(",,,")),
    ("blank rows at the end", b"Reason,email\nBlocker,a@b\n,\n,\n,", "2 blocker [Blocker|a@b]\nblank_row=3"),
    (
        "a blank row inside of a torn row",
        b"Reason,email,x\nBlocker,a@b\n,,\nJane\n",
        "2 blocker [Blocker|a@b\\n,,\\nJane] short_row rejoined_row\nshort_row=1 rejoined_row=1 blank_row=1",
    ),
    ("a row of spaces with semicolons", b"Reason;email\n ;\nBlocker;a@b\n", "3 blocker [Blocker|a@b]\nblank_row=1"),
    (
        "a line of commas is a cell where semicolons part",
        b"Reason;email\n,,\nBlocker;a@b\n",
        "2 other(,,) [,,] short_row\n3 blocker [Blocker|a@b]\nshort_row=1",
    ),
    (
        "lines of tabs in a report with tabs",
        b"Reason\temail\n\t\t\n\t\nBlocker\ta@b\n\"\"\t\n",
        "4 blocker [Blocker|a@b]\nblank_row=1",
    ),
    ("lines of tabs in a report with commas", b"Reason,email\n\t\t\nBlocker,a@b\n", "3 blocker [Blocker|a@b]"),
    ("a row of control characters", b"Reason,email\n\x1a,\0\nBlocker,a@b\n", "3 blocker [Blocker|a@b]\nblank_row=1"),
    ("^Z at the end", b"Reason,email\r\nBlocker,a@b\r\n\x1a", "2 blocker [Blocker|a@b]"),
    (
        "^Z at the end of the last line is part of it",
        b"Reason,email\r\nBlocker,a@b\x1a",
        r"2 blocker [Blocker|a@b\u{1a}]",
    ),
    ("several ^Z and NULs at the end", b"Reason,email\nBlocker,a@b\n\x1a\x1a\0\0", "2 blocker [Blocker|a@b]"),
    ("^Z in quotes", b"Reason,email\nBlocker,a@b\n\"\x1a\"\n", "2 blocker [Blocker|a@b]\nblank_row=1"),
    ("^Z in front of cells", b"Reason,email\n\x1aBlocker,a@b\n", r"2 blocker [\u{1a}Blocker|a@b]"),
    (
        "no-break spaces are no blanks",
        b"Reason,email\n\xc2\xa0,\nBlocker,a@b\n",
        "2 other() [\\u{a0}|]\n3 blocker [Blocker|a@b]",
    ),
    (
        "a lone mark between rows",
        b"Reason,email\nBlocker,a@b\n\xef\xbb\xbf\n\xef\xbb\xbf \xef\xbb\xbf\t\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n5 duplicate [Duplicate|c@d]",
    ),
    (
        "a mark in quotes, alone",
        b"Reason,email\n\"\xef\xbb\xbf\"\n",
        "2 other(\u{feff}) [\\u{feff}] short_row\nshort_row=1",
    ),
];
