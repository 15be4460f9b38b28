//! The reading rules, case by case.

/// A name, the report, and what it reads as.
pub type Case = (&'static str, &'static [u8], &'static str);

/// What needs no options.
pub const CASES: &[Case] = &[
    // 1. Byte order marks.
    ("a mark", b"\xef\xbb\xbfReason,email\nBlocker,a@b\n", "2 blocker [Blocker|a@b]"),
    ("a mark alone", b"\xef\xbb\xbf", ""),
    ("a mark and a blank line", b"\xef\xbb\xbf\r\nReason,email\nBlocker,a@b\n", "3 blocker [Blocker|a@b]"),
    (
        "a second mark belongs to the name, which folds to the reason's all the same",
        b"\xef\xbb\xbf\xef\xbb\xbfemail,Reason\na@b,Blocker",
        "2 blocker [a@b|Blocker]",
    ),
    ("little-endian UTF-16", b"\xff\xfeR\0", UTF16),
    ("big-endian UTF-16", b"\xfe\xff\0R", UTF16),
    ("a lone 0xff is text", b"\xff", "NotAReport: this is not a faults report: \u{fffd}; fetch or save the report again, exactly as the service sends it"),
    // 2. What is no report.
    ("nothing", b"", ""),
    ("white space", b" \t\r\n", ""),
    ("null", b"\r\n null\t\n", ""),
    ("empty quotes", b"\"\"", ""),
    ("empty quotes in spaces", b"  \"\"  \r\n", ""),
    ("null behind a mark", b"\xef\xbb\xbfnull", ""),
    ("null is a name where rows follow it", b"null\nBlocker\n", "2 blocker [Blocker]"),
    ("a header alone", b"Reason,email\r\n", ""),
    ("a header alone, without a name that is known", b"a,b\n", ""),
    ("a header of the email alone", b"E-Mail", ""),
    ("a line of text", b"Server busy\n", "NotAReport: this is not a faults report: Server busy; fetch or save the report again, exactly as the service sends it"),
    ("a line of text, twice", b"Busy\nBusy\n", r"NotAReport: this is not a faults report: Busy\nBusy; fetch or save the report again, exactly as the service sends it"),
    (
        "JSON",
        b"  {\"Message\": \"Gone.\\u0007 ERROR_A\", \"detail\": \"ERROR_B2\"}",
        r"NotAReport: this is not a faults report: Gone.\u{7} ERROR_A (ERROR_B2); fetch or save the report again, exactly as the service sends it",
    ),
    (
        "a list in JSON",
        b"[1]",
        "NotAReport: this is not a faults report: [1]; fetch or save the report again, exactly as the service sends it",
    ),
    (
        "HTML behind a mark",
        b"\xef\xbb\xbf\n<p>ERROR_UNKNOWN</p>\n",
        "NotAReport: this is not a faults report: <p>ERROR_UNKNOWN</p>; fetch or save the report again, exactly as the service sends it",
    ),
    ("a brace in quotes is a name", b"\"{a}\",b\nBlocker,x\n", "2 blocker [Blocker|x]"),
    // 3. Records.
    ("no line end at the end", b"Reason,email\nBlocker,a@b", "2 blocker [Blocker|a@b]"),
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
    ("a quote behind a space is no opening one", b"Reason,email\nBlocker, \"a@b\"\n", "2 blocker [Blocker| \\\"a@b\\\"]"),
    ("empty quotes alone are a record", b"Reason,email\n\"\"\n", "2 other() [] short_row\nshort_row=1"),
    ("empty fields", b"Reason,email,x\n,,\nBlocker,,\n", "2 other() [||]\n3 blocker [Blocker||]"),
    ("spaces stay in the fields", b"Reason,email\n  Blocker ,  a@b \n", "2 blocker [  Blocker |  a@b ]"),
    // 4. The header.
    ("the reason is last", b"Id,Email,Reason\n1,a@b,Blocker\n", "2 blocker [1|a@b|Blocker]"),
    ("no known name", b"x,y,z\nBlocker,a@b,1\n", "2 blocker [Blocker|a@b|1]"),
    ("no header, a known reason", b"Hard bounced,a\nBlocker,b\n", "1 hard_bounced [Hard bounced|a] no_header\n2 blocker [Blocker|b]\nno_header=1"),
    ("no header, one column", b"Blocked\n", "1 blocker [Blocked] no_header\nno_header=1"),
    ("no header, an address", b"Moon,a@b\n", "1 other(Moon) [Moon|a@b] no_header\nno_header=1"),
    ("an address in a named column is a name", b"Reason,a@b\nBlocker,c@d\n", "2 blocker [Blocker|c@d]"),
    (
        "a repeated header",
        b"Reason,email\nBlocker,a@b\nReason,email\n\"Reason\",email\nReason,email,\nreason,email\n",
        "2 blocker [Blocker|a@b]\n5 other(Reason) [Reason|email|] long_row\n6 other(reason) [reason|email]\nrepeated_header=2 long_row=1",
    ),
    (
        "a repeated header behind a mark",
        b"\xef\xbb\xbfReason,email\nBlocker,a@b\n\xef\xbb\xbf\"Reason\",\"email\"\r\n\xef\xbb\xbfReason,emai\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n4 other(\u{feff}Reason) [\\u{feff}Reason|emai]\n5 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    ("a row is no repeated header where there is no header", b"Blocker,a@b\nBlocker,a@b\n", "1 blocker [Blocker|a@b] no_header\n2 blocker [Blocker|a@b]\nno_header=1"),
    // 5. Reasons.
    (
        "wordings",
        b"Reason,email\n hard-BOUNCED ,a\nIsp\xe2\x80\x8b Complaints,b\nHard\xff bounced,c\n\xef\xbc\xa4uplicate,d\n",
        "2 hard_bounced [ hard-BOUNCED |a]\n3 complained_to_isp [Isp\\u{200b} Complaints|b]\n4 hard_bounced [Hard\u{fffd} bounced|c] invalid_utf8\n5 other(\u{ff24}uplicate) [\u{ff24}uplicate|d]\ninvalid_utf8=1",
    ),
    ("unknown text", b"Reason,email\n\xe2\x80\x83 Moon  phase \t,a\n", "2 other(Moon  phase) [\\u{2003} Moon  phase \\t|a]"),
    // 6. Widths.
    (
        "ragged rows",
        b"Reason,email,x\nBlocker\nBlocker,a@b\nBlocker,a@b,1,2,3\n",
        "2 blocker [Blocker] short_row\n3 blocker [Blocker|a@b] short_row\n4 blocker [Blocker|a@b|1|2|3] long_row\nshort_row=2 long_row=1",
    ),
    ("the reason's cell is absent", b"Id,Email,Reason\n1,a@b\n", "2 other() [1|a@b] short_row\nshort_row=1"),
    // 7. Unquoted line breaks.
    (
        "one in a name",
        b"Reason,email,first,last\nBlocker,a@b,Mary\r\nJane,Watson\r\nDuplicate,c@d,x,y\r\n",
        "2 blocker [Blocker|a@b|Mary\\r\\nJane|Watson] rejoined_row\n4 duplicate [Duplicate|c@d|x|y]\nrejoined_row=1",
    ),
    (
        "two in a name, with a blank line",
        b"Reason,email,first,last\nBlocker,a@b,Mary\n \nJane\n\"Lou\",Watson\n",
        "2 blocker [Blocker|a@b|Mary\\n \\nJane\\nLou|Watson] rejoined_row\nrejoined_row=1",
    ),
    (
        "the parts are too few to fill the row",
        b"Reason,email,x,y\nBlocker,a@b\nc\nDuplicate,c@d,x,y\n",
        "2 blocker [Blocker|a@b\\nc] short_row rejoined_row\n4 duplicate [Duplicate|c@d|x|y]\nshort_row=1 rejoined_row=1",
    ),
    (
        "the parts are too many",
        b"Reason,email,x\nBlocker,a@b\nc,d,e\n",
        "2 blocker [Blocker|a@b] short_row\n3 other(c) [c|d|e]\nshort_row=1",
    ),
    (
        "what follows is a fault",
        b"Reason,email,x\nBlocker,a@b\nMoon,c@d\nBlocker,a@b\nDuplicate\n",
        "2 blocker [Blocker|a@b] short_row\n3 other(Moon) [Moon|c@d] short_row\n4 blocker [Blocker|a@b] short_row\n5 duplicate [Duplicate] short_row\nshort_row=4",
    ),
    (
        "not with the reason in another column, nor with two columns",
        b"email,Reason,x\na@b,Blocker\nc,d\n",
        "2 blocker [a@b|Blocker] short_row\n3 other(d) [c|d] short_row\nshort_row=2",
    ),
    (
        "a repeated header ends it",
        b"Reason,email,x\nBlocker,a@b\nReason,email,x\nc\n",
        "2 blocker [Blocker|a@b] short_row\n4 other(c) [c] short_row\nrepeated_header=1 short_row=2",
    ),
    // 8. Unclosed quotes.
    (
        "to the end of the input",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,d,e\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d|e]\nunclosed_quote=1",
    ),
    (
        "a line break inside, and no separator behind",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,\"d\",e\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d|e]\nunclosed_quote=1",
    ),
    (
        "a fault inside",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,d@e,f\"\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d@e|f\\\"]\nunclosed_quote=1",
    ),
    (
        "a fault inside, behind CRLF",
        b"Reason,email,x\r\nBlocker,a@b,\"c\r\nz\r\nDuplicate,d@e,f\"\r\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 other(z) [z] short_row\n4 duplicate [Duplicate|d@e|f\\\"]\nshort_row=1 unclosed_quote=1",
    ),
    (
        "no fault inside: the address is in the third cell",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,d,e@f\"\n",
        "2 blocker [Blocker|a@b|c\\nDuplicate,d,e@f]\n",
    ),
    (
        "no fault inside: the first line begins in the middle of one",
        b"Reason,email,x\nMoon,\"Blocker,a@b\",x\n",
        "2 other(Moon) [Moon|Blocker,a@b|x]\n",
    ),
    (
        "a header with one",
        b"Reason,email,\"x\nBlocker,a@b,1\n\nReason,email,\"x\n",
        "2 blocker [Blocker|a@b|1]\nrepeated_header=1 unclosed_quote=2",
    ),
    (
        "a quote that is closed on its own line is closed, whatever follows",
        b"Reason,email,x\n\"Blocker,a@b,\"c\nDuplicate,d@e,f\n",
        "2 other(Blocker,a@b,c) [Blocker,a@b,c] short_row\n3 duplicate [Duplicate|d@e|f]\nshort_row=1",
    ),
    // 9. Text.
    (
        "bytes that are not UTF-8",
        b"Reason,email,x\nBlocker,\xe2\x82,\xf0\x9f\x98x\xff\xff\nDuplicate,\0,y\n",
        "2 blocker [Blocker|\u{fffd}|\u{fffd}x\u{fffd}\u{fffd}] invalid_utf8\n3 duplicate [Duplicate|\\0|y]\ninvalid_utf8=1",
    ),
    ("a header that is not UTF-8", b"Reason,email,\xff\n", "invalid_utf8=1"),
];

const UTF16: &str = "Utf16: the report is UTF-16, not the UTF-8 that the service sends; save it again as UTF-8, or use \
                     the bytes exactly as the service sent them";
