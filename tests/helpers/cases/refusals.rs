//! Rule 2: what is no report, and what is an empty one.

use super::Case;

pub const CASES: &[Case] = &[
    ("nothing", b"", ""),
    ("white space", b" \t\r\n", ""),
    ("null", b"\r\n null\t\n", ""),
    ("empty quotes", b"\"\"", ""),
    ("empty quotes in spaces", b"  \"\"  \r\n", ""),
    (
        "JSON behind a mark",
        b"\xef\xbb\xbf{\"message\":\"No such import. ERROR_X\"}",
        "NotAReport: this is not a faults report: No such import. ERROR_X; fetch or save the report again, exactly as the service sends it",
    ),
    (
        "HTML behind a mark",
        b"\xef\xbb\xbf\n<p>ERROR_UNKNOWN</p>\n",
        "NotAReport: this is not a faults report: <p>ERROR_UNKNOWN</p>; fetch or save the report again, exactly as the service sends it",
    ),
    (
        "contacts behind a bracket",
        b"[Reason],email\nBlocker,ann@example.com\n",
        "NotAReport: this is not a faults report; fetch or save the report again, exactly as the service sends it",
    ),
    ("null behind a mark", b"\xef\xbb\xbfnull", ""),
    ("a header alone", b"Reason,email\r\n", ""),
    ("a header alone, without a name that is known", b"a,b\n", words!("a,b")),
    ("a header of the email alone", b"E-Mail", words!("E-Mail")),
    ("a line of text", b"Server busy\n", words!("Server busy")),
    ("a line of text, twice", b"Busy\nBusy\n", words!(r"Busy\nBusy")),
    (
        "JSON",
        b"  {\"Message\": \"Gone.\\u0007 ERROR_A\", \"detail\": \"ERROR_B2\"}",
        words!(r"Gone.\u{7} ERROR_A (ERROR_B2)"),
    ),
    ("a list in JSON", b"[1]", words!("[1]")),
    ("a brace in quotes is a name", b"\"{a}\",b\nBlocker,x\n", "2 blocker [Blocker|x]"),
    (
        "prose with a comma",
        b"We are down for maintenance, please try again later.",
        words!("We are down for maintenance, please try again later."),
    ),
    ("prose with a comma and a line end", b"Sorry, something went wrong.\r\n", words!("Sorry, something went wrong.")),
    (
        "prose with a semicolon",
        b"The service is busy; come back later\n",
        words!("The service is busy; come back later"),
    ),
    ("prose with tabs", b"error\t500\n", words!(r"error\t500")),
    ("prose in quotes, of two lines", b"\"Sorry,\nnot today\"", words!("\"Sorry,\\nnot today\"")),
    (
        "prose of two lines",
        b"Service unavailable\nTry again in ten minutes\n",
        words!(r"Service unavailable\nTry again in ten minutes"),
    ),
    (
        "prose of two lines, a comma in the second",
        b"Service unavailable\nBusy, try again. ERROR_BUSY\n",
        words!(r"Service unavailable\nBusy, try again. ERROR_BUSY"),
    ),
    (
        "prose of two lines, a comma in the first",
        b"Busy, try again\nERROR_ONE ERROR_SERVICE_BUSY or so\n",
        no_reason!("it says ERROR_SERVICE_BUSY; none of its 2 columns is named Reason", "','"),
    ),
    ("prose of lone CRs", b"Bad gateway\rNot there\r", words!(r"Bad gateway\rNot there")),
    (
        "prose with an address is not repeated",
        b"Ask help@example.com",
        no_reason!("its only column isn't named Reason", "','"),
    ),
    (
        "prose with an address in its second line is not repeated",
        b"Busy\nAsk help@example.com\n",
        no_reason!("its only column isn't named Reason", "','"),
    ),
    ("prose with control characters", b"Busy\x07 \x1b[31mnow\n", words!(r"Busy\u{7} \u{1b}[31mnow")),
    ("a word of two letters", b"OK", words!("OK")),
    ("a number", b"0", words!("0")),
    ("null is a word where lines follow it", b"null\nBusy\n", words!(r"null\nBusy")),
    ("null in capitals is no empty report", b"NULL", words!("NULL")),
    ("three quotes", b"\"\"\"", words!("\"\"\"")),
    (
        "the uploaded list",
        b"email,firstname,lastname\nann@example.com,Ann,Smith\nbob@example.com,Bob,Jones\n",
        no_reason!("none of its 3 columns is named Reason", "','"),
    ),
    (
        "the uploaded list, with semicolons",
        b"Email;First name\nann@example.com;Ann\n",
        no_reason!("none of its 2 columns is named Reason", "';'"),
    ),
    (
        "the uploaded list, with tabs",
        b"firstname\temail\nAnn\tann@example.com\n",
        no_reason!("none of its 2 columns is named Reason", "tabs"),
    ),
    (
        "the uploaded list, with bars",
        b"name|mail|town\nAnn|ann@example.com|Faro\n",
        no_reason!("none of its 3 columns is named Reason", "'|'"),
    ),
    (
        "the uploaded list, without a header",
        b"ann@example.com,Ann\nbob@example.com,Bob\n",
        no_reason!("none of its 2 columns is named Reason", "','"),
    ),
    (
        "the uploaded list, without a header, the email second",
        b"Ann,ann@example.com\nBob,bob@example.com\n",
        no_reason!("none of its 2 columns is named Reason", "','"),
    ),
    (
        "the uploaded list of one column",
        b"email\nann@example.com\nbob@example.com\n",
        no_reason!("its only column isn't named Reason", "','"),
    ),
    (
        "the uploaded list of one column, without a header",
        b"ann@example.com\nbob@example.com\n",
        no_reason!("its only column isn't named Reason", "','"),
    ),
    (
        "the uploaded list, with a code in it",
        b"email,note\nann@example.com,ERROR_IN_A_NOTE\n",
        no_reason!("none of its 2 columns is named Reason", "','"),
    ),
    ("a header alone that names nothing", b"firstname,lastname\n", words!("firstname,lastname")),
    ("a header alone, the email first", b"email,firstname\n", words!("email,firstname")),
    ("a header alone, the email second", b"Grund,E-Mail\n", ""),
    ("a header alone, twice, the email second", b"Grund,E-Mail\ngrund, e-mail\n", "repeated_header=1"),
    ("a header alone, the email second with a space in front", b"Grund, email\n", words!("Grund, email")),
    ("a header alone, the email third", b"Id,Grund,Email\n", words!("Id,Grund,Email")),
    ("a header alone with a loose name", b"Reason for failure,name\n", words!("Reason for failure,name")),
    ("a header alone that names the reason", b"reason\n", ""),
    (
        "unknown reasons under names that are not known",
        b"Grund,E-Mail\nMond,a@b\n",
        no_reason!("none of its 2 columns is named Reason", "','"),
    ),
    (
        "a known reason under names that are not known",
        b"Grund,E-Mail\nMond,a@b\nblocked,c@d\n",
        "2 other(Mond) [Mond|a@b]\n3 blocker [blocked|c@d]",
    ),
    (
        "a known reason in a row of one cell shows nothing",
        b"Grund,E-Mail\nMond,a@b\nBlocked\n",
        no_reason!("none of its 2 columns is named Reason", "','"),
    ),
    (
        "a known reason in another column shows nothing",
        b"Grund,E-Mail\nMond,a@b\nx,Blocked\n",
        no_reason!("none of its 2 columns is named Reason", "','"),
    ),
    (
        "our own summary as CSV",
        b"import_id,source,reason,label,remedy,count,share\n,report.csv,blocker,Blocker,remove,1,1.0\n",
        OWN_SUMMARY,
    ),
    ("our own summary, its names in another order", b"Share,Count,Remedy,Reason\n1.0,1,remove,blocker\n", OWN_SUMMARY),
    ("our own summary, with semicolons", b"reason;remedy;count;share\n", OWN_SUMMARY),
    (
        "our own summary behind a title",
        b"Faults of May\nreason,email,remedy,count,share\nblocker,x,remove,1,1\n",
        OWN_SUMMARY,
    ),
    (
        "our own trends by reason",
        b"series,reason,remedy,imports,expired,ended_without_report,faults,contacts,rate\nv2,blocker,remove,2,0,0,20,1000,0.02\n",
        OWN_SUMMARY,
    ),
    (
        "an error in one line that names a reason",
        b"Sorry, reason, ERROR_SYSTEM_BUSY\r\n",
        words!("Sorry, reason, ERROR_SYSTEM_BUSY"),
    ),
    (
        "the same with semicolons, and twice",
        b"ERROR_UNKNOWN;Reason;maintenance\nERROR_UNKNOWN;Reason;maintenance\n",
        words!("ERROR_UNKNOWN;Reason;maintenance"),
    ),
    (
        "the same with an address",
        b"ERROR_UNKNOWN,Reason,ask jo@example.com",
        "NotAReport: this is not a faults report; fetch or save the report again, exactly as the service sends it",
    ),
    ("the same with a fault behind it", b"Sorry,reason,ERROR_BUSY\nx,Blocker,y\n", "2 blocker [x|Blocker|y]"),
    (
        "a page with contacts in it",
        b"<table><tr><td>jane@example.com</td></tr></table>",
        "NotAReport: this is not a faults report; fetch or save the report again, exactly as the service sends it",
    ),
    (
        "a page whose title names one",
        b"<html><title>Export for jane@example.com</title>",
        "NotAReport: this is not a faults report; fetch or save the report again, exactly as the service sends it",
    ),
    ("three of the names of our own summary", b"reason,count,share\nblocker,1,1\n", "2 blocker [blocker|1|1]"),
    ("our own JSON lines", b"{\"line\":2,\"reason\":\"blocker\"}\n", words!("{\"line\":2,\"reason\":\"blocker\"}")),
    ("JSON with its message in capitals", b"{\"MESSAGE\":\"Down, sorry\"}", words!("Down, sorry")),
    ("a header in brackets", b"[Reason],email\n", words!("[Reason],email")),
];

const OWN_SUMMARY: &str = "NotAReport: this is not a faults report: it is a summary that `faults` wrote; read the report \
                           from which the summary was made";
