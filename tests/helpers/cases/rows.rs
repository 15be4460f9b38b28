//! Rules 5 to 9: reasons, widths, torn rows, unclosed quotes, and text.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "wordings",
        b"Reason,email\n hard-BOUNCED ,a\nIsp\xe2\x80\x8b Complaints,b\nHard\xff bounced,c\n\xef\xbc\xa4uplicate,d\n",
        "2 hard_bounced [ hard-BOUNCED |a]\n3 complained_to_isp [Isp\\u{200b} Complaints|b]\n4 hard_bounced [Hard\u{fffd} bounced|c] invalid_utf8\n5 other(\u{ff24}uplicate) [\u{ff24}uplicate|d]\ninvalid_utf8=1",
    ),
    (
        "unknown text",
        b"Reason,email\n\xe2\x80\x83 Moon  phase \t,a\n",
        "2 other(Moon  phase) [\\u{2003} Moon  phase \\t|a]",
    ),
    (
        "ragged rows",
        b"Reason,email,x\nBlocker\nBlocker,a@b\nBlocker,a@b,1,2,3\n",
        "2 blocker [Blocker] short_row\n3 blocker [Blocker|a@b] short_row\n4 blocker [Blocker|a@b|1|2|3] long_row\nshort_row=2 long_row=1",
    ),
    ("the reason's cell is absent", b"Id,Email,Reason\n1,a@b\n", "2 other() [1|a@b] short_row\nshort_row=1"),
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
        "one in a name, behind one in quotes",
        b"Reason,email,note,name\nBlocker,a@b,\"x\n y\nz\",Mary\nDuplicate,c@d,\"x\n y\nz\"\nJane,Watson\n",
        "2 blocker [Blocker|a@b|x\\n y\\nz|Mary]\n5 duplicate [Duplicate|c@d|x\\n y\\nz\\nJane|Watson] rejoined_row\nrejoined_row=1",
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
    (
        "bytes that are not UTF-8",
        b"Reason,email,x\nBlocker,\xe2\x82,\xf0\x9f\x98x\xff\xff\nDuplicate,\0,y\n",
        "2 blocker [Blocker|\u{fffd}|\u{fffd}x\u{fffd}\u{fffd}] invalid_utf8\n3 duplicate [Duplicate|\\0|y]\ninvalid_utf8=1",
    ),
    ("a header that is not UTF-8", b"Reason,email,\xff\n", "invalid_utf8=1"),
    (
        "torn under other columns",
        b"Reason,email\nBlocker,a@b\nReason,email,x,y\nDuplicate,c@d,M\nJ,z\n",
        "2 blocker [Blocker|a@b]\nunder [Reason|email|x|y]\n4 duplicate [Duplicate|c@d|M\\nJ|z] rejoined_row\nrejoined_row=1 other_header=1",
    ),
    (
        "torn, with semicolons",
        b"Reason;email;first;last\nBlocker;a@b;Mary\nJane;Watson\n",
        "2 blocker [Blocker|a@b|Mary\\nJane|Watson] rejoined_row\nrejoined_row=1",
    ),
    (
        "torn, with tabs and lines of tabs between",
        b"Reason\temail\tfirst\tlast\nBlocker\ta@b\tMary\n\t\t\nJane\tWatson\n",
        "2 blocker [Blocker|a@b|Mary\\n\\t\\t\\nJane|Watson] rejoined_row\nrejoined_row=1",
    ),
    (
        "torn, without a header",
        b"Blocker,a@b,Mary,Watson\nDuplicate,c@d,Jo\nAnn,Smith\n",
        "1 blocker [Blocker|a@b|Mary|Watson] no_header\n2 duplicate [Duplicate|c@d|Jo\\nAnn|Smith] rejoined_row\nno_header=1 rejoined_row=1",
    ),
    (
        "a torn row is not joined with one that has an address",
        b"Reason,email,x,y\nBlocker,a@b,M\nJ,z@\n",
        "2 blocker [Blocker|a@b|M] short_row\n3 other(J) [J|z@] short_row\nshort_row=2",
    ),
    (
        "a torn row is not joined with one of a known reason",
        b"Reason,email,x,y\nBlocker,a@b,M\nFailed,z\n",
        "2 blocker [Blocker|a@b|M] short_row\n3 failures [Failed|z] short_row\nshort_row=2",
    ),
    (
        "unclosed, the reason in the second column",
        b"email,Reason,x\na@b,Blocker,\"c\nd@e,Duplicate,f\"\n",
        "2 blocker [a@b|Blocker|\\\"c] unclosed_quote\n3 duplicate [d@e|Duplicate|f\\\"]\nunclosed_quote=1",
    ),
    (
        "unclosed, the reason last",
        b"Id,Email,Reason\n1,\"a@b,Blocker\n2,c@d,Duplicate\n3,\"e@f\",Failed\n",
        "2 blocker [1|\\\"a@b|Blocker] unclosed_quote\n3 duplicate [2|c@d|Duplicate]\n4 failures [3|e@f|Failed]\nunclosed_quote=1",
    ),
    (
        "unclosed, with semicolons",
        b"Reason;email;x\nBlocker;a@b;\"c\nDuplicate;d@e;f\"\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d@e|f\\\"]\nunclosed_quote=1",
    ),
    (
        "with semicolons, a line that is a fault by commas is none",
        b"Reason;email;x\nBlocker;a@b;\"c\nDuplicate,d@e,f\"\n",
        r"2 blocker [Blocker|a@b|c\nDuplicate,d@e,f]",
    ),
    (
        "unclosed, with tabs, to the end",
        b"Reason\temail\tx\nBlocker\ta@b\t\"c\nDuplicate\td@e\tf\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d@e|f]\nunclosed_quote=1",
    ),
    (
        "a quoted line with a reason in another column is no fault",
        b"email,Reason,x\na@b,Blocker,\"c\nDuplicate,d@e,f\"\n",
        r"2 blocker [a@b|Blocker|c\nDuplicate,d@e,f]",
    ),
    (
        "unclosed under another header's columns",
        b"Reason,email\nBlocker,a@b\nId,email,Reason,x\n1,c@d,Duplicate,\"y\n2,e@f,Failed,z\"\n",
        "2 blocker [Blocker|a@b]\nunder [Id|email|Reason|x]\n4 duplicate [1|c@d|Duplicate|\\\"y] unclosed_quote\n5 failures [2|e@f|Failed|z\\\"]\nunclosed_quote=1 other_header=1",
    ),
    (
        "unclosed in a report of one column",
        b"Reason\n\"x\nBlocker\"\nDuplicate\n",
        "2 other(\"x) [\\\"x] unclosed_quote\n3 blocker [Blocker\\\"]\n4 duplicate [Duplicate]\nunclosed_quote=1",
    ),
];
