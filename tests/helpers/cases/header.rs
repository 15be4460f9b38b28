//! Rule 4: the separator, what stands in front of the header, the header, and further ones.

use super::Case;

pub const CASES: &[Case] = &[
    ("the reason is last", b"Id,Email,Reason\n1,a@b,Blocker\n", "2 blocker [1|a@b|Blocker]"),
    ("no known name", b"x,y,z\nBlocker,a@b,1\n", "2 blocker [Blocker|a@b|1]"),
    ("no header, a known reason", b"Hard bounced,a\nBlocker,b\n", "1 hard_bounced [Hard bounced|a] no_header\n2 blocker [Blocker|b]\nno_header=1"),
    ("no header, one column", b"Blocked\n", words!("Blocked")),
    ("no header, an address", b"Moon,a@b\nBlocker,c@d\n", "1 other(Moon) [Moon|a@b] no_header\n2 blocker [Blocker|c@d]\nno_header=1"),
    (
        "no header, and a contact's cell is a name of the email's column",
        b"Hard bounced,a@b,email\nBlocker,c@d,phone\n",
        "1 hard_bounced [Hard bounced|a@b|email] no_header\n2 blocker [Blocker|c@d|phone]\nno_header=1",
    ),
    (
        "no header, and a contact's cells are both names",
        b"Hard bounced,a@b,email,reason\nBlocker,c@d,,\n",
        "1 hard_bounced [Hard bounced|a@b|email|reason] no_header\n2 blocker [Blocker|c@d||]\nno_header=1",
    ),
    (
        "faults with such cells in front of another header",
        b"Grund,Adresse,Kanal\nBlocker,a@b,Mail\nReason,email,Kanal\nDuplicate,c@d,Mail\n",
        "2 blocker [Blocker|a@b|Mail]\nunder [Reason|email|Kanal]\n4 duplicate [Duplicate|c@d|Mail]\nother_header=1",
    ),
    ("an address in a named column is a name", b"Reason,a@b\nBlocker,c@d\n", "2 blocker [Blocker|c@d]"),
    (
        "a repeated header, one with a separator at its end, and the first one again",
        b"Reason,email\nBlocker,a@b\nReason,email\n\"Reason\",email\nReason,email,\nreason,email\n",
        "2 blocker [Blocker|a@b]\nrepeated_header=2 other_header=2",
    ),
    (
        "a repeated header behind a mark",
        b"\xef\xbb\xbfReason,email\nBlocker,a@b\n\xef\xbb\xbf\"Reason\",\"email\"\r\n\xef\xbb\xbfReason,emai\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n4 other(\u{feff}Reason) [\\u{feff}Reason|emai]\n5 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    ("a row is no repeated header where there is no header", b"Blocker,a@b\nBlocker,a@b\n", "1 blocker [Blocker|a@b] no_header\n2 blocker [Blocker|a@b]\nno_header=1"),
    (
        "semicolons",
        b"Reason;email;name\nBlocker;a@b;x,y\nDuplicate;c@d;\"1;2\"\n",
        "2 blocker [Blocker|a@b|x,y]\n3 duplicate [Duplicate|c@d|1;2]",
    ),
    (
        "tabs",
        b"Reason\temail\tname\nBlocker\ta@b\tx\nDuplicate\tc@d\ty\n",
        "2 blocker [Blocker|a@b|x]\n3 duplicate [Duplicate|c@d|y]",
    ),
    (
        "bars",
        b"Reason|email|name\r\nBlocker|a@b|x\r\n",
        "2 blocker [Blocker|a@b|x]",
    ),
    (
        "semicolons by the email's name alone",
        b"Grund;E-Mail\nBlocker;a@b\n",
        "2 blocker [Blocker|a@b]",
    ),
    (
        "commas go before semicolons",
        b"Reason,a;Reason\nBlocker,b;c\n",
        "2 blocker [Blocker|b;c]",
    ),
    (
        "the reason's name goes before the email's",
        b"email,x;Reason;y\na@b;Blocker;c\n",
        "2 blocker [a@b|Blocker|c]",
    ),
    (
        "an email's name alone says nothing of the separator",
        b"email\n",
        words!("email"),
    ),
    (
        "a reason's name alone, and rows with semicolons",
        b"Reason\nBlocker;a@b\n",
        "2 other(Blocker;a@b) [Blocker;a@b]",
    ),
    (
        "no header, with semicolons: commas it is",
        b"Blocker;a@b\n",
        no_reason!("none of its 2 columns is named Reason", "';'"),
    ),
    (
        "a semicolon in quotes",
        b"\"Reason;x\",email\nBlocker,a@b\n",
        "2 blocker [Blocker|a@b]",
    ),
    (
        "sep= with a semicolon",
        b"sep=;\nReason;email\nBlocker;a@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "SEP= in capitals, with a comma",
        b"SEP=,\r\nReason,email\r\nBlocker,a@b\r\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "sep= in quotes, with a tab",
        b"\"Sep=\t\"\nReason\temail\nBlocker\ta@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "sep= with a bar, behind a mark and a blank line",
        b"\xef\xbb\xbf\n\nsep=|\n\nReason|email\nBlocker|a@b\n",
        "6 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "sep= sets it where no name does",
        b"sep=;\nBlocker;a@b\n",
        "2 blocker [Blocker|a@b] no_header\nno_header=1 preamble=1",
    ),
    (
        "sep= that is wrong is believed",
        b"sep=;\nReason,email\nBlocker,a@b\n",
        no_reason!("its only column isn't named Reason", "';'"),
    ),
    (
        "sep= with another character is a title",
        b"sep=:\nReason,email\nBlocker,a@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "sep= with more behind it is a title",
        b"sep=; \nReason;email\nBlocker;a@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "sep= alone",
        b"sep=;",
        words!("sep=;"),
    ),
    (
        "sep= and a CR alone",
        b"sep=;\r",
        words!("sep=;"),
    ),
    (
        "sep= in the middle is a row",
        b"Reason,email\nBlocker,a@b\nsep=;\n",
        "2 blocker [Blocker|a@b]\n3 other(sep=;) [sep=;] short_row\nshort_row=1",
    ),
    (
        "a title",
        b"Faults of list Spring\nReason,email\nBlocker,a@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    ("a title and a header alone, without a line end", b"Titel\nReason,email", "preamble=1"),
    (
        "a title, and a header that by commas would be a fault",
        b"Titel\nReason;email;a,b@c\nBlocker;d@e;1\n",
        "3 blocker [Blocker|d@e|1]\npreamble=1",
    ),
    (
        "a title with commas, padded",
        b"\"Spring, final\",,\n,,\nReason,email,x\nBlocker,a@b,1\n",
        "4 blocker [Blocker|a@b|1]\npreamble=2",
    ),
    (
        "comments",
        b"# exported by somebody\n# 2 rows; all\n\nReason;email\nBlocker;a@b\n",
        "5 blocker [Blocker|a@b]\npreamble=2",
    ),
    (
        "HTTP headers",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=utf-8\r\nDate: Mon, 02 Mar 2026 10:00:00 GMT\r\n\r\nReason,email\r\nBlocker,a@b\r\n",
        "6 blocker [Blocker|a@b]\npreamble=3",
    ),
    (
        "a title in quotes, of two lines",
        b"\"Faults\nof May\"\nReason,email\nBlocker,a@b\n",
        "4 blocker [Blocker|a@b]\npreamble=2",
    ),
    (
        "a title, bytes that are not UTF-8 in it",
        b"Fa\xffts\nReason,email\nBlocker,a@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "a header of other names is a title",
        b"a,b\nReason,email\nBlocker,a@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "a title and a header that names the reason alone",
        b"Faults\nReason,address\nBlocker,a@b\n",
        "2 other(Reason) [Reason|address] long_row\n3 blocker [Blocker|a@b] long_row\nlong_row=2",
    ),
    (
        "a title behind sep=",
        b"sep=;\nFaults of May\nReason;email\nBlocker;a@b\n",
        "4 blocker [Blocker|a@b]\npreamble=2",
    ),
    (
        "a fault stands in front of a header",
        b"x,y\nBlocker,a@b\nReason,email\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\nunder [Reason|email]\n4 duplicate [Duplicate|c@d]\nother_header=1",
    ),
    (
        "a fault with semicolons stands in front of a header",
        b"x;y\nBlocker;a@b\nReason,email\nDuplicate,c@d\n",
        "2 other(Blocker;a@b) [Blocker;a@b]\nunder [Reason|email]\n4 duplicate [Duplicate|c@d]\nother_header=1",
    ),
    (
        "an address in front of a header is a fault",
        b"x,y\nMoon,a@b\nReason,email\nDuplicate,c@d\n",
        "2 other(Moon) [Moon|a@b]\nunder [Reason|email]\n4 duplicate [Duplicate|c@d]\nother_header=1",
    ),
    (
        "the header is the 16th record",
        b"t\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nReason,email\nBlocker,a@b\n",
        "17 blocker [Blocker|a@b]\npreamble=15",
    ),
    (
        "the header would be the 17th record",
        b"t\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nt\nReason,email\nBlocker,a@b\n",
        "18 blocker [Blocker|a@b]\nrepeated_header=15 other_header=1",
    ),
    (
        "a fault in front of the header, by another separator, by which it is beyond the 16th record",
        b"t\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\n,,\nDuplicate;a@b;x\nReason,email\nBlocker,a@b\n",
        "18 other(Duplicate;a@b;x) [Duplicate;a@b;x]\nunder [Reason|email]\n20 blocker [Blocker|a@b]\nblank_row=16 other_header=1",
    ),
    (
        "a mark inside of the preamble",
        b"Faults\n\xef\xbb\xbfReason,email\nBlocker,a@b\n",
        "3 blocker [Blocker|a@b]\npreamble=1",
    ),
    (
        "no header, behind blank lines",
        b"\n\nBlocker,a@b\n",
        "3 blocker [Blocker|a@b] no_header\nno_header=1",
    ),
    (
        "no header, an address in both of the first cells",
        b"a@b,c@d\nBlocker,e@f\n",
        "2 blocker [Blocker|e@f]",
    ),
    (
        "no header, and rows of other widths",
        b"Blocker,a@b,1\nDuplicate,c@d\nMoon,e@f,1,2\n",
        "1 blocker [Blocker|a@b|1] no_header\n2 duplicate [Duplicate|c@d] short_row\n3 other(Moon) [Moon|e@f|1|2] long_row\nno_header=1 short_row=1 long_row=1",
    ),
    (
        "no header, and a header later",
        b"Blocker,a@b\nReason,email\nDuplicate,c@d\n",
        "1 blocker [Blocker|a@b] no_header\nunder [Reason|email]\n3 duplicate [Duplicate|c@d]\nno_header=1 other_header=1",
    ),
    (
        "a known reason as a name, beside an exact one",
        b"Blocker,email\nBlocker,a@b\n",
        "2 blocker [Blocker|a@b]",
    ),
    (
        "a loose name of the reason",
        b"Email,Reason for failure,Date\na@b,Hard bounced,May\n",
        "2 hard_bounced [a@b|Hard bounced|May]",
    ),
    (
        "a loose name of the email",
        b"customer,contact email,Reason\n7,a@b,Blocker\n",
        "2 blocker [7|a@b|Blocker]",
    ),
    (
        "loose names of both in one: the email is elsewhere",
        b"email reason,x\nBlocker,a@b\n",
        "2 blocker [Blocker|a@b]",
    ),
    (
        "loose names of both in one, and another of the email",
        b"email reason,x,their e-mail\nBlocker,1,a@b\n",
        "2 blocker [Blocker|1|a@b]",
    ),
    (
        "an exact name goes before a loose one",
        b"Reason code,email status,Mail,reason\n7,ok,a@b,Blocker\n",
        "2 blocker [7|ok|a@b|Blocker]",
    ),
    (
        "the first of two exact names",
        b"x,Reason,Email,Reason,email\n1,Blocker,a@b,Duplicate,c@d\n",
        "2 blocker [1|Blocker|a@b|Duplicate|c@d]",
    ),
    (
        "a loose name alone needs a known reason",
        b"Failure reasons,address\nMoon,a@b\n",
        no_reason!("none of its 2 columns is named Reason", "','"),
    ),
    (
        "names with blanks, marks and hyphens",
        b"Id, e-MAIL \xe2\x80\x8baddress,Re-ason\n1,a@b,Blocker\n",
        "2 blocker [1|a@b|Blocker]",
    ),
    (
        "a copy in another case",
        b"Reason,Email\nBlocker,a@b\nREASON,EMAIL\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n4 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    (
        "a copy with blanks around its names",
        b"Reason,email\nBlocker,a@b\n Reason ,\temail\xc2\xa0\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n4 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    (
        "a copy behind two marks and a space",
        b"Reason,email\nBlocker,a@b\n\xef\xbb\xbf \xef\xbb\xbfReason,email\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n4 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    (
        "a copy in quotes",
        b"Reason,email,x y\nBlocker,a@b,1\n\"reason\",\"EMAIL\",\"X Y\"\nDuplicate,c@d,2\n",
        "2 blocker [Blocker|a@b|1]\n4 duplicate [Duplicate|c@d|2]\nrepeated_header=1",
    ),
    (
        "a copy of semicolons",
        b"Reason;email\nBlocker;a@b\nreason;Email\nDuplicate;c@d\n",
        "2 blocker [Blocker|a@b]\n4 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    (
        "a copy of a header that names nothing",
        b"Grund,Adresse\nBlocker,a@b\nGRUND,ADRESSE\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n4 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    (
        "a copy in accented capitals",
        b"Reason,email,\xc3\xa9t\xc3\xa9\nBlocker,a@b,1\nReason,email,\xc3\x89T\xc3\x89\nDuplicate,c@d,2\n",
        "2 blocker [Blocker|a@b|1]\n4 duplicate [Duplicate|c@d|2]\nrepeated_header=1",
    ),
    (
        "a copy is no title: one line of it is torn",
        b"Reason,email,x\nBlocker,a@b,1\nReason,email\nDuplicate,c@d,2\n",
        "2 blocker [Blocker|a@b|1]\nunder [Reason|email]\n4 duplicate [Duplicate|c@d|2] long_row\nlong_row=1 other_header=1",
    ),
    (
        "three reports in one, copies only",
        b"Reason,email\nReason,email\nReason,email\n",
        "repeated_header=2",
    ),
    (
        "another header with fewer columns",
        b"Reason,email,x\nBlocker,a@b,1\nReason,email\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b|1]\nunder [Reason|email]\n4 duplicate [Duplicate|c@d]\nother_header=1",
    ),
    (
        "another header with more columns",
        b"Reason,email\nBlocker,a@b\nReason,email,town,zip\nDuplicate,c@d,Faro,8000\nDuplicate,e@f\n",
        "2 blocker [Blocker|a@b]\nunder [Reason|email|town|zip]\n4 duplicate [Duplicate|c@d|Faro|8000]\n5 duplicate [Duplicate|e@f] short_row\nshort_row=1 other_header=1",
    ),
    (
        "another header with the email elsewhere",
        b"Reason,email,x\nBlocker,a@b,1\nId,Reason,x,Mail\n7,Duplicate,y,c@d\n",
        "2 blocker [Blocker|a@b|1]\nunder [Id|Reason|x|Mail]\n4 duplicate [7|Duplicate|y|c@d]\nother_header=1",
    ),
    (
        "another header, and the first one again",
        b"Reason,email,x\nBlocker,a@b,1\nemail,reason\nc@d,Duplicate\nReason,email,x\nFailed,e@f,2\n",
        "2 blocker [Blocker|a@b|1]\nunder [email|reason]\n4 duplicate [c@d|Duplicate]\nunder [Reason|email|x]\n6 failures [Failed|e@f|2]\nother_header=2",
    ),
    (
        "another header with an at sign is a fault",
        b"Reason,email\nBlocker,a@b\nReason,email,tw@tter\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n3 other(Reason) [Reason|email|tw@tter] long_row\n4 duplicate [Duplicate|c@d]\nlong_row=1",
    ),
    (
        "another header whose reason cell is a known reason is a fault",
        b"x,Reason,email\n1,Blocker,a@b\nReason,Blocker,email\n2,Duplicate,c@d\n",
        "2 blocker [1|Blocker|a@b]\n3 blocker [Reason|Blocker|email]\n4 duplicate [2|Duplicate|c@d]",
    ),
    (
        "another header that names the reason alone is a fault",
        b"Reason,email,x\nBlocker,a@b,1\nReason,address\nDuplicate,c@d,2\n",
        "2 blocker [Blocker|a@b|1]\n3 other(Reason) [Reason|address] short_row\n4 duplicate [Duplicate|c@d|2]\nshort_row=1",
    ),
    (
        "another header with one name for both is none",
        b"Reason,email\nBlocker,a@b\nReason email,x\n",
        "2 blocker [Blocker|a@b]\n3 other(Reason email) [Reason email|x]",
    ),
    (
        "another header behind a mark",
        b"Reason,email\nBlocker,a@b\n\xef\xbb\xbfEmail,Reason,x\nc@d,Duplicate,1\n",
        "2 blocker [Blocker|a@b]\nunder [\\u{feff}Email|Reason|x]\n4 duplicate [c@d|Duplicate|1]\nother_header=1",
    ),
    (
        "another header, where there was none",
        b"Blocker,a@b,1\nEmail,Reason\nc@d,Duplicate\n",
        "1 blocker [Blocker|a@b|1] no_header\nunder [Email|Reason]\n3 duplicate [c@d|Duplicate]\nno_header=1 other_header=1",
    ),
    (
        "another header of another separator is a fault",
        b"Reason,email\nBlocker,a@b\nReason;email;x\nDuplicate;c@d;1\n",
        "2 blocker [Blocker|a@b]\n3 other(Reason;email;x) [Reason;email;x] short_row\n4 other(Duplicate;c@d;1) [Duplicate;c@d;1] short_row\nshort_row=2",
    ),
    (
        "another header with a quote that isn't closed",
        b"Reason,email\nBlocker,a@b\nReason,email,\"x\nDuplicate,c@d,1\n",
        "2 blocker [Blocker|a@b]\nunder [Reason|email|\\\"x]\n4 duplicate [Duplicate|c@d|1]\nunclosed_quote=1 other_header=1",
    ),
    (
        "another header alone",
        b"Reason,email\nemail,reason,x\n",
        "other_header=1",
    ),
    (
        "another header ends a torn row",
        b"Reason,email,x\nBlocker,a@b\nEmail,Reason\nc@d,Duplicate\n",
        "2 blocker [Blocker|a@b] short_row\nunder [Email|Reason]\n4 duplicate [c@d|Duplicate]\nshort_row=1 other_header=1",
    ),
];
